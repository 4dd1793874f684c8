package main

import (
	"bytes"
	"image"
	"image/jpeg"
	"time"

	"github.com/bluenviron/gortsplib/v5/pkg/description"
	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/pion/rtp"
)

// What a recorder of H.264 and H.265 must refuse with a clear word: sound without video, and video of another codec.

const soundPacket = 20 * time.Millisecond

// silence is G.711 sound, 8,000 samples a second.
func silence() *source {
	newFormat := func() format.Format {
		return &format.G711{PayloadTyp: 0, MULaw: true, SampleRate: 8000, ChannelCount: 1}
	}
	samples := bytes.Repeat([]byte{0xff}, int(8000*soundPacket/time.Second))
	packet := &rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: 0, Marker: true}, Payload: samples}
	return &source{
		kind:      description.MediaTypeAudio,
		newFormat: newFormat,
		units:     []*unit{newUnit(0, 0, true, nil, []*rtp.Packet{packet})},
		length:    soundPacket,
	}
}

// stillPicture is Motion JPEG, one grey picture a second.
func stillPicture() (*source, error) {
	var picture bytes.Buffer
	if err := jpeg.Encode(&picture, image.NewYCbCr(image.Rect(0, 0, 320, 240), image.YCbCrSubsampleRatio420), nil); err != nil {
		return nil, err
	}
	encoder, err := (&format.MJPEG{}).CreateEncoder()
	if err != nil {
		return nil, err
	}
	packets, err := encoder.Encode(picture.Bytes())
	if err != nil {
		return nil, err
	}
	return &source{
		kind:      description.MediaTypeVideo,
		newFormat: func() format.Format { return &format.MJPEG{} },
		units:     []*unit{newUnit(0, 0, true, nil, packets)},
		length:    time.Second,
	}, nil
}
