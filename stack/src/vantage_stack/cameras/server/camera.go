package main

import (
	"math/rand"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/description"
	"github.com/pion/rtp"
)

// camera is one path. Its clip runs on by the clock whether somebody reads or not, as a street does.
type camera struct {
	rtsp   *gortsplib.Server
	source *source
	phase  time.Duration // how far into the clip it begins, so that cameras do not all send keyframes at once

	mutex  sync.Mutex
	stream *gortsplib.ServerStream // nil while the camera is off
	unhung chan struct{}           // closed when requests are answered again; nil while they are

	stalled     atomic.Bool
	lossPermill atomic.Int64
	skew        atomic.Int64 // nanoseconds that the camera's clock is ahead
	readers     atomic.Int64
	frames      atomic.Int64
}

// open puts the camera on the air. The caller holds the mutex, or is the only one to know the camera.
func (c *camera) open() error {
	stream := &gortsplib.ServerStream{Server: c.rtsp, Desc: &description.Session{Medias: c.source.medias()}}
	if err := stream.Initialize(); err != nil {
		return err
	}
	c.stream = stream
	return nil
}

// close ends every reader's connection. The caller holds the mutex.
func (c *camera) close() {
	if c.stream != nil {
		c.stream.Close()
		c.stream = nil
	}
}

// current is the stream that is on the air, or nil, and what to wait for before a request is answered, or nil.
func (c *camera) current() (*gortsplib.ServerStream, <-chan struct{}) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.stream, c.unhung
}

// run sends the clip for as long as the process lives.
func (c *camera) run() {
	next := cursor{source: c.source, begin: time.Now().Add(-c.phase)}
	next.skipPast(c.phase)
	out := &sender{camera: c, sequence: uint16(rand.Uint32()), base: rand.Uint32()}
	for {
		u, decode, present := next.take()
		time.Sleep(time.Until(next.begin.Add(decode)))
		if c.stalled.Load() {
			continue
		}
		c.frames.Add(1)
		out.send(u, present, next.begin.Add(present))
	}
}

// cursor walks through a looped source.
type cursor struct {
	source *source
	begin  time.Time
	loops  time.Duration // whole runs of the clip so far
	index  int
}

func (k *cursor) skipPast(elapsed time.Duration) {
	for k.index < len(k.source.units) && k.source.units[k.index].dts < elapsed {
		k.index++
	}
}

// take returns the next unit, and its decode and presentation times since begin.
func (k *cursor) take() (*unit, time.Duration, time.Duration) {
	if k.index >= len(k.source.units) {
		k.index = 0
		k.loops++
	}
	u := &k.source.units[k.index]
	k.index++
	before := k.loops * k.source.length
	return u, before + u.dts, before + u.pts
}

// sender numbers and stamps a camera's packets.
type sender struct {
	camera   *camera
	sequence uint16
	base     uint32
}

func (s *sender) send(u *unit, present time.Duration, capture time.Time) {
	stream, _ := s.camera.current()
	if stream == nil || s.camera.readers.Load() == 0 {
		s.sequence += uint16(len(u.packets))
		return
	}
	media := stream.Desc.Medias[0]
	stamp := s.base + ticks(present, media.Formats[0].ClockRate())
	capture = capture.Add(time.Duration(s.camera.skew.Load()))
	for _, packed := range u.packets {
		packet := &rtp.Packet{Header: packed.Header, Payload: packed.Payload}
		packet.SequenceNumber, packet.Timestamp = s.sequence, stamp
		s.sequence++
		if rand.Int63n(1000) >= s.camera.lossPermill.Load() {
			// A stream that was closed meanwhile refuses the packet: its readers are gone.
			_ = stream.WritePacketRTPWithNTP(media, packet, capture)
		}
	}
}

// ticks converts without overflow; the result wraps as RTP time stamps do.
func ticks(d time.Duration, rate int) uint32 {
	r := time.Duration(rate)
	return uint32(d/time.Second*r + d%time.Second*r/time.Second)
}
