package main

import (
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bluenviron/gortsplib/v5/pkg/headers"
)

const (
	// backlog is what a camera keeps for a reader that does not take it; of what comes then, whole pictures are dropped.
	backlog = 1 << 20
	// flushTime is how long the last bytes of a connection that ends may take.
	flushTime = time.Second
	// trickle is how often a slowed connection is given a few bytes.
	trickle = 50 * time.Millisecond
)

// outlet is one RTSP connection, and the queue before it. Answers and pictures go through the same queue, and all that
// has gathered goes out in one write: system calls are most of what a virtual camera costs.
type outlet struct {
	net.Conn
	transport headers.Transport // as the last SETUP was answered
	slow      atomic.Pointer[atomic.Int64]

	mutex    sync.Mutex
	pending  []byte
	closing  bool
	answered func() // called once, after the next answer
	wake     chan struct{}
}

func newOutlet(connection net.Conn) *outlet {
	o := &outlet{Conn: connection, wake: make(chan struct{}, 1)}
	go o.run()
	return o
}

// Write queues an answer.
func (o *outlet) Write(answer []byte) (int, error) {
	o.mutex.Lock()
	if o.closing {
		o.mutex.Unlock()
		return 0, net.ErrClosed
	}
	o.pending = append(o.pending, answer...)
	answered := o.answered
	o.answered = nil
	o.mutex.Unlock()
	o.signal()
	if answered != nil {
		answered()
	}
	return len(answer), nil
}

// afterAnswer has something done once the request that is being handled was answered.
func (o *outlet) afterAnswer(do func()) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	o.answered = do
}

// put queues a copy of bytes, which fill may change; it is false where the reader has fallen too far behind.
func (o *outlet) put(bytes []byte, fill func([]byte)) bool {
	o.mutex.Lock()
	begin := len(o.pending)
	if o.closing || begin+len(bytes) > backlog {
		defer o.mutex.Unlock()
		return o.closing // who goes away has not fallen behind
	}
	o.pending = append(o.pending, bytes...)
	fill(o.pending[begin:])
	o.mutex.Unlock()
	o.signal()
	return true
}

// Close lets what is queued go out first.
func (o *outlet) Close() error {
	o.mutex.Lock()
	o.closing = true
	o.mutex.Unlock()
	o.slow.Store(nil)
	err := o.Conn.SetWriteDeadline(time.Now().Add(flushTime))
	o.signal()
	return err
}

// SetWriteDeadline does nothing: answers are queued, and a slow reader shall not lose its connection.
func (o *outlet) SetWriteDeadline(time.Time) error {
	return nil
}

func (o *outlet) signal() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

func (o *outlet) run() {
	var out []byte
	for range o.wake {
		o.mutex.Lock()
		out, o.pending = o.pending, out[:0]
		closing := o.closing
		o.mutex.Unlock()
		err := o.send(out)
		if closing || err != nil {
			o.end()
			return
		}
	}
}

func (o *outlet) end() {
	o.mutex.Lock()
	o.closing, o.pending = true, nil
	o.mutex.Unlock()
	_ = o.Conn.Close() // the reader may have closed it before
}

// send writes all of it, a little at a time while the connection is slowed.
func (o *outlet) send(out []byte) error {
	for len(out) > 0 {
		piece := out
		if rate := o.rate(); rate > 0 {
			piece = out[:min(len(out), max(1, int(rate*int64(trickle)/int64(time.Second))))]
			time.Sleep(time.Duration(len(piece)) * time.Second / time.Duration(rate))
		}
		if _, err := o.Conn.Write(piece); err != nil {
			return err
		}
		out = out[len(piece):]
	}
	return nil
}

func (o *outlet) rate() int64 {
	if slow := o.slow.Load(); slow != nil {
		return slow.Load()
	}
	return 0
}
