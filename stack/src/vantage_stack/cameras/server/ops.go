package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"time"
)

// op is something that can be done to a camera; its mutex is held.
type op func(c *camera, value int64) error

// brokenClip is the value of codec for the camera's own clip with a broken SPS.
const brokenClip = -1

// ops are all of them, by name, and what their value is, where they have one.
//
//	stall, resume   sends no picture, while connection and sender reports go on; sends again where the clip is by then
//	drop            ends every reader's connection once, without a word; they may come back at once
//	end             the same with a plain end: RTCP's goodbye first
//	off, on         ends them and answers 404; answers again
//	hang, unhang    leaves new requests without an answer, for a minute at most; answers again
//	loss            loses so many of 1,000 packets
//	truncate        cuts so many of 1,000 packets short
//	garbage         puts a packet of random bytes before so many of 1,000: any NAL unit type, forbidden bit, nonsense
//	babble          puts so many random bytes on the connection once, between two frames of the interleaving
//	slow            lets so many bytes a second through each connection; 0 lifts it
//	unmarked        1 leaves the marker bit away, which ends a picture; 0 sets it again
//	jump            moves time stamps by so many milliseconds from now on, forward or back; the clock goes on
//	repeat          gives the next so many pictures the time stamp of the one before
//	skew            sets the camera's clock so many milliseconds ahead of the true time, or back
//	drift           lets the camera's clock, and its time stamps, run so many parts per million fast from now on
//	codec           sends from now on clip 1, 2 and so on of those given; 0 is its own, -1 its own with a broken SPS
//	sei             1 puts a user-data SEI unit with a running number before each picture; 0 ends that
var ops = map[string]op{
	"stall":    func(c *camera, _ int64) error { c.faults.stalled = true; return nil },
	"resume":   func(c *camera, _ int64) error { c.faults.stalled = false; return nil },
	"drop":     drop,
	"end":      end,
	"off":      func(c *camera, _ int64) error { c.close(); return nil },
	"on":       turnOn,
	"hang":     hang,
	"unhang":   unhang,
	"loss":     func(c *camera, value int64) error { c.faults.loss = value; return nil },
	"truncate": func(c *camera, value int64) error { c.faults.truncate = value; return nil },
	"garbage":  func(c *camera, value int64) error { c.faults.garbage = value; return nil },
	"babble":   babble,
	"slow":     func(c *camera, value int64) error { c.faults.slow.Store(value); return nil },
	"unmarked": func(c *camera, value int64) error { c.faults.unmarked = value != 0; return nil },
	"jump":     func(c *camera, value int64) error { c.faults.jump += ticks(milliseconds(value), c.rate); return nil },
	"repeat":   func(c *camera, value int64) error { c.faults.repeat = value; return nil },
	"skew":     func(c *camera, value int64) error { c.clock.setSkew(milliseconds(value)); return nil },
	"drift":    func(c *camera, value int64) error { c.clock.setDrift(value, time.Now()); return nil },
	"codec":    changeCodec,
	"sei":      func(c *camera, value int64) error { c.faults.sei = value != 0; return nil },
}

func milliseconds(value int64) time.Duration {
	return time.Duration(value) * time.Millisecond
}

// drop leaves a camera that is off as it is.
func drop(c *camera, _ int64) error {
	if c.stream == nil {
		return nil
	}
	c.close()
	return c.open()
}

func end(c *camera, value int64) error {
	for r := range c.readers {
		r.sayGoodbye()
	}
	return drop(c, value)
}

func turnOn(c *camera, _ int64) error {
	if c.stream != nil {
		return nil
	}
	return c.open()
}

func hang(c *camera, _ int64) error {
	if c.unhung == nil {
		c.unhung = make(chan struct{})
	}
	return nil
}

func unhang(c *camera, _ int64) error {
	if c.unhung != nil {
		close(c.unhung)
		c.unhung = nil
	}
	return nil
}

func babble(c *camera, value int64) error {
	if value < 1 || value > backlog {
		return fmt.Errorf("babble takes 1 to %d bytes, not %d", backlog, value)
	}
	noise := make([]byte, value)
	if _, err := rand.Read(noise); err != nil {
		return err
	}
	for r := range c.readers {
		r.babble(noise)
	}
	return nil
}

func changeCodec(c *camera, value int64) error {
	switch {
	case value == 0:
		return c.change(c.own)
	case value == brokenClip:
		broken, err := c.own.withBrokenSPS()
		if err != nil {
			return err
		}
		return c.change(broken)
	case value < 0 || value > int64(len(c.clips)):
		return errors.New("codec takes the number of a clip that the cameras were started with, 0 or -1")
	}
	return c.change(c.clips[value-1])
}
