package main

import (
	"fmt"

	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mp4/codecs"
	"github.com/pion/rtp"
)

const (
	videoPayloadType = 96
	// keptOfSPS is enough for the profile and level that a description states, and too little for anything else.
	keptOfSPS = 5
)

// packer packs one access unit into RTP packets.
type packer interface {
	Encode(accessUnit [][]byte) ([]*rtp.Packet, error)
}

// video is how one codec is announced and packed, and what of its NAL units a fault has to know.
type video struct {
	codec         codecs.Codec
	newFormat     func() format.Format
	packer        packer
	parameterSets [][]byte
	h265          bool
}

// videoOf is nil for a codec that is not video of the two kinds.
func videoOf(codec codecs.Codec) (*video, error) {
	switch c := codec.(type) {
	case *codecs.H264:
		return h264Video(c)
	case *codecs.H265:
		return h265Video(c)
	}
	return nil, nil
}

func h264Video(c *codecs.H264) (*video, error) {
	newFormat := func() *format.H264 {
		return &format.H264{PayloadTyp: videoPayloadType, PacketizationMode: 1, SPS: c.SPS, PPS: c.PPS}
	}
	encoder, err := newFormat().CreateEncoder()
	if err != nil {
		return nil, err
	}
	encoder.PayloadMaxSize = maxPayload
	return &video{c, func() format.Format { return newFormat() }, encoder, [][]byte{c.SPS, c.PPS}, false}, nil
}

func h265Video(c *codecs.H265) (*video, error) {
	newFormat := func() *format.H265 {
		return &format.H265{PayloadTyp: videoPayloadType, VPS: c.VPS, SPS: c.SPS, PPS: c.PPS}
	}
	encoder, err := newFormat().CreateEncoder()
	if err != nil {
		return nil, err
	}
	encoder.PayloadMaxSize = maxPayload
	return &video{c, func() format.Format { return newFormat() }, encoder, [][]byte{c.VPS, c.SPS, c.PPS}, true}, nil
}

func (v *video) withBrokenSPS() (*video, error) {
	switch c := v.codec.(type) {
	case *codecs.H264:
		return h264Video(&codecs.H264{SPS: cutSPS(c.SPS), PPS: c.PPS})
	case *codecs.H265:
		return h265Video(&codecs.H265{VPS: c.VPS, SPS: cutSPS(c.SPS), PPS: c.PPS})
	}
	return nil, fmt.Errorf("%T has no parameter sets", v.codec)
}

func (v *video) isSPS(nal []byte) bool {
	if v.h265 {
		return len(nal) > 0 && nal[0]>>1&0x3f == 33
	}
	return len(nal) > 0 && nal[0]&0x1f == 7
}

func cutSPS(sps []byte) []byte {
	return append(append([]byte{}, sps[:min(keptOfSPS, len(sps))]...), 0x80)
}
