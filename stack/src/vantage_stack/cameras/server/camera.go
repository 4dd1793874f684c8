package main

import (
	"errors"
	"math/rand"
	"sync"
	"time"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/description"
)

const (
	// reportPeriod is that of RTCP sender reports.
	reportPeriod = 5 * time.Second
	// idle is how often a camera that nobody reads moves on.
	idle = 40 * time.Millisecond
)

// camera is one path. Its clip runs on by the clock whether somebody reads or not.
type camera struct {
	rtsp  *gortsplib.Server
	clock *clock
	clips []*source // what it may change to
	own   *source
	rate  int // ticks of its time stamps a second

	mutex   sync.Mutex
	stream  *gortsplib.ServerStream // nil while the camera is off
	former  []*gortsplib.ServerStream
	unhung  chan struct{} // closed when requests are answered again; nil while they are
	readers map[*reader]struct{}
	faults  faults

	cursor   cursor
	origin   time.Time // of its time stamps
	base     uint32
	last     uint32 // the last time stamp
	sequence uint16

	frames, sent, dropped int64
	record                sentRecord
}

// newCamera begins so far into the clip, so that cameras do not all send keyframes at once.
func newCamera(rtsp *gortsplib.Server, k *clock, clips []*source, own *source, phase time.Duration) *camera {
	now := time.Now()
	return &camera{
		rtsp:     rtsp,
		clock:    k,
		clips:    clips,
		own:      own,
		rate:     own.newFormat().ClockRate(),
		readers:  map[*reader]struct{}{},
		cursor:   newCursor(own, now, phase),
		origin:   now,
		base:     rand.Uint32(),
		sequence: uint16(rand.Uint32()),
	}
}

// open puts the camera on the air. The caller holds the mutex, or is the only one to know the camera.
func (c *camera) open() error {
	stream := &gortsplib.ServerStream{Server: c.rtsp, Desc: &description.Session{Medias: c.cursor.source.medias()}}
	if err := stream.Initialize(); err != nil {
		return err
	}
	c.stream = stream
	return nil
}

// close ends every reader's connection. The caller holds the mutex.
func (c *camera) close() {
	if c.stream == nil {
		return
	}
	for _, stream := range append(c.former, c.stream) {
		stream.Close()
	}
	c.stream, c.former = nil, nil
	clear(c.readers)
}

// change sends another source from its beginning on; who asks from now on is told of it, who reads already is not.
func (c *camera) change(to *source) error {
	if to.newFormat().ClockRate() != c.rate {
		return errors.New("the clip's time stamps run at another rate")
	}
	c.cursor = newCursor(to, time.Now(), 0)
	if c.stream == nil {
		return nil
	}
	c.former = append(c.former, c.stream)
	return c.open()
}

// current is the stream that is on the air, or nil, and what to wait for before a request is answered, or nil.
func (c *camera) current() (*gortsplib.ServerStream, <-chan struct{}) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.stream, c.unhung
}

func (c *camera) join(r *reader) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.readers[r] = struct{}{}
	r.outlet.slow.Store(&c.faults.slow)
}

func (c *camera) leave(r *reader) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	delete(c.readers, r)
}
