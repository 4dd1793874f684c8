package main

import (
	"errors"
	"os"
	"time"

	"github.com/bluenviron/gortsplib/v5/pkg/description"
	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mp4/codecs"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/pmp4"
	"github.com/pion/rtp"
)

const videoPayloadType = 96

// packer packs one access unit into RTP packets.
type packer interface {
	Encode(accessUnit [][]byte) ([]*rtp.Packet, error)
}

// video is how one codec is announced and packed.
type video struct {
	newFormat     func() format.Format
	packer        packer
	parameterSets [][]byte
}

// loadClip reads an MP4 file's first H.264 or H.265 track.
func loadClip(file string) (*source, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var presentation pmp4.Presentation
	if err := presentation.Unmarshal(f); err != nil {
		return nil, err
	}
	for _, track := range presentation.Tracks {
		v, err := videoOf(track.Codec)
		if err != nil {
			return nil, err
		}
		if v != nil {
			return packTrack(track, v)
		}
	}
	return nil, errors.New("no H.264 or H.265 track; encode one (not fragmented MP4) and give that file")
}

// videoOf is nil for a codec that is not video of the two kinds.
func videoOf(codec codecs.Codec) (*video, error) {
	switch c := codec.(type) {
	case *codecs.H264:
		newFormat := func() *format.H264 {
			return &format.H264{PayloadTyp: videoPayloadType, PacketizationMode: 1, SPS: c.SPS, PPS: c.PPS}
		}
		encoder, err := newFormat().CreateEncoder()
		if err != nil {
			return nil, err
		}
		encoder.PayloadMaxSize = maxPayload
		return &video{func() format.Format { return newFormat() }, encoder, [][]byte{c.SPS, c.PPS}}, nil
	case *codecs.H265:
		newFormat := func() *format.H265 {
			return &format.H265{PayloadTyp: videoPayloadType, VPS: c.VPS, SPS: c.SPS, PPS: c.PPS}
		}
		encoder, err := newFormat().CreateEncoder()
		if err != nil {
			return nil, err
		}
		encoder.PayloadMaxSize = maxPayload
		return &video{func() format.Format { return newFormat() }, encoder, [][]byte{c.VPS, c.SPS, c.PPS}}, nil
	}
	return nil, nil
}

func packTrack(track *pmp4.Track, v *video) (*source, error) {
	clip := &source{kind: description.MediaTypeVideo, newFormat: v.newFormat}
	var ticks int64
	at := func(ticks int64) time.Duration {
		return time.Duration(ticks) * time.Second / time.Duration(track.TimeScale)
	}
	for _, sample := range track.Samples {
		packets, err := packSample(sample, v)
		if err != nil {
			return nil, err
		}
		clip.units = append(clip.units, unit{at(ticks), at(ticks + int64(sample.PTSOffset)), packets})
		ticks += int64(sample.Duration)
	}
	clip.length = at(ticks)
	if clip.length <= 0 {
		return nil, errors.New("the track has no frames, or they have no duration")
	}
	return clip, nil
}

func packSample(sample *pmp4.Sample, v *video) ([]*rtp.Packet, error) {
	payload, err := sample.GetPayload()
	if err != nil {
		return nil, err
	}
	var accessUnit h264.AVCC // H.265 in MP4 has the same length prefixes
	if err := accessUnit.Unmarshal(payload); err != nil {
		return nil, err
	}
	if !sample.IsNonSyncSample { // cameras repeat the parameter sets before each keyframe
		accessUnit = append(append([][]byte{}, v.parameterSets...), accessUnit...)
	}
	return v.packer.Encode(accessUnit)
}
