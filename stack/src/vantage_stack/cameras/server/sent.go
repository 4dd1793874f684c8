package main

import (
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// remembered is how many pictures of each camera can be asked for: two minutes of 25 a second.
const remembered = 3000

// sentPicture is what was put on the wire of one frame.
type sentPicture struct {
	stamp uint32
	shown time.Time // by the camera's clock
	unit  *unit
	sei   []byte
	whole bool
}

// sentRecord holds a camera's last pictures that somebody read.
type sentRecord struct {
	pictures []sentPicture
	first    int // the oldest, once the record is full
}

func (r *sentRecord) add(p sentPicture) {
	if len(r.pictures) < remembered {
		r.pictures = append(r.pictures, p)
		return
	}
	r.pictures[r.first] = p
	r.first = (r.first + 1) % remembered
}

// last gives up to so many, the oldest first.
func (r *sentRecord) last(count int) []sentPicture {
	ordered := append(append([]sentPicture{}, r.pictures[r.first:]...), r.pictures[:r.first]...)
	return ordered[max(0, len(ordered)-count):]
}

// sentEntry is a picture as it is told. Whole is false where a fault changed its packets, or a reader did not get it;
// garbage is in no list of NAL units.
type sentEntry struct {
	RTP      uint32   `json:"rtp"`
	NTP      int64    `json:"ntp_us"` // microseconds since 1970, by the camera's clock
	Keyframe bool     `json:"keyframe"`
	Whole    bool     `json:"whole"`
	NALs     []string `json:"nals"` // SHA-256 of each NAL unit, in the order of sending
}

func (p *sentPicture) entry() sentEntry {
	e := sentEntry{RTP: p.stamp, NTP: p.shown.UnixMicro(), Keyframe: p.unit.keyframe, Whole: p.whole, NALs: []string{}}
	if p.sei != nil {
		sum := sha256.Sum256(p.sei)
		e.NALs = append(e.NALs, hex.EncodeToString(sum[:]))
	}
	for _, sum := range p.unit.sums() {
		e.NALs = append(e.NALs, hex.EncodeToString(sum[:]))
	}
	return e
}
