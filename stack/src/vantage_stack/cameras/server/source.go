package main

import (
	"crypto/sha256"
	"fmt"
	"sync"
	"time"

	"github.com/bluenviron/gortsplib/v5/pkg/description"
	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/pion/rtp"
)

// maxPayload keeps an RTP packet within one Ethernet frame, as cameras do.
const maxPayload = 1400

// unit is one frame, packed already. All cameras of a clip share it.
type unit struct {
	dts, pts time.Duration
	keyframe bool
	nals     [][]byte // none where the source is not H.264 or H.265
	picture  *picture

	hashing sync.Once
	hashed  [][sha256.Size]byte
}

// sums are the SHA-256 of the unit's NAL units: made when somebody asks first, as benchmarks never do.
func (u *unit) sums() [][sha256.Size]byte {
	u.hashing.Do(func() {
		for _, nal := range u.nals {
			u.hashed = append(u.hashed, sha256.Sum256(nal))
		}
	})
	return u.hashed
}

// source is what a camera sends, over and over. Its format is made anew for each stream, as gortsplib locks it.
type source struct {
	kind      description.MediaType
	newFormat func() format.Format
	video     *video // nil where it is not H.264 or H.265
	units     []*unit
	length    time.Duration

	breaking  sync.Once
	broken    *source
	brokenErr error
}

func (s *source) medias() []*description.Media {
	return []*description.Media{{Type: s.kind, Formats: []format.Format{s.newFormat()}}}
}

// withBrokenSPS is the same clip with a sequence parameter set that ends after a few bytes.
func (s *source) withBrokenSPS() (*source, error) {
	if s.video == nil {
		return nil, fmt.Errorf("it does not send H.264 or H.265, so it has no parameter sets to break")
	}
	s.breaking.Do(func() { s.broken, s.brokenErr = s.breakSPS() })
	return s.broken, s.brokenErr
}

func (s *source) breakSPS() (*source, error) {
	v, err := s.video.withBrokenSPS()
	if err != nil {
		return nil, err
	}
	broken := &source{kind: s.kind, newFormat: v.newFormat, video: v, length: s.length}
	for _, u := range s.units {
		nals := append([][]byte{}, u.nals...)
		for i, nal := range nals {
			if v.isSPS(nal) {
				nals[i] = cutSPS(nal)
			}
		}
		packets, err := v.packer.Encode(nals)
		if err != nil {
			return nil, err
		}
		broken.units = append(broken.units, newUnit(u.dts, u.pts, u.keyframe, nals, packets))
	}
	return broken, nil
}

func newUnit(dts, pts time.Duration, keyframe bool, nals [][]byte, packets []*rtp.Packet) *unit {
	var b builder
	for _, p := range packets {
		b.add(p.Payload, p.PayloadType, p.Marker)
	}
	return &unit{dts: dts, pts: pts, keyframe: keyframe, nals: nals, picture: &b.picture}
}

// sources are the clips of the cameras, the clip of their second streams, and what other paths serve, by path.
type sources struct {
	clips  []*source
	sub    *source // nil where cameras have one stream
	others map[string]*source
}

func loadSources(files []string, sub string) (sources, error) {
	loaded := sources{others: map[string]*source{"other/audio": silence()}}
	for _, file := range files {
		clip, err := loadClip(file)
		if err != nil {
			return loaded, fmt.Errorf("clip %s: %w", file, err)
		}
		loaded.clips = append(loaded.clips, clip)
	}
	if sub != "" {
		clip, err := loadClip(sub)
		if err != nil {
			return loaded, fmt.Errorf("clip %s of the second streams: %w", sub, err)
		}
		loaded.sub = clip
	}
	picture, err := stillPicture()
	if err != nil {
		return loaded, fmt.Errorf("the picture of other/mjpeg: %w", err)
	}
	loaded.others["other/mjpeg"] = picture
	return loaded, nil
}
