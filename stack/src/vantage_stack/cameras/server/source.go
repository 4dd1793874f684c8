package main

import (
	"fmt"
	"time"

	"github.com/bluenviron/gortsplib/v5/pkg/description"
	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/pion/rtp"
)

// maxPayload keeps an RTP packet within one Ethernet frame, as cameras do.
const maxPayload = 1400

// unit is one frame, packed already. Cameras share the payloads and copy the headers.
type unit struct {
	dts, pts time.Duration
	packets  []*rtp.Packet
}

// source is what a camera sends, over and over. Its format is made anew for each camera, as gortsplib locks it.
type source struct {
	kind      description.MediaType
	newFormat func() format.Format
	units     []unit
	length    time.Duration
}

func (s *source) medias() []*description.Media {
	return []*description.Media{{Type: s.kind, Formats: []format.Format{s.newFormat()}}}
}

// sources are the clips of the cameras, and what other paths serve, by path.
type sources struct {
	clips  []*source
	others map[string]*source
}

func loadSources(files []string) (sources, error) {
	loaded := sources{others: map[string]*source{"other/audio": silence()}}
	for _, file := range files {
		clip, err := loadClip(file)
		if err != nil {
			return loaded, fmt.Errorf("clip %s: %w", file, err)
		}
		loaded.clips = append(loaded.clips, clip)
	}
	picture, err := stillPicture()
	if err != nil {
		return loaded, fmt.Errorf("the picture of other/mjpeg: %w", err)
	}
	loaded.others["other/mjpeg"] = picture
	return loaded, nil
}
