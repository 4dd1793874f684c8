package main

import (
	"sync"
	"time"
)

// clock is a camera's own; its streams share it. It may be set wrong at once (skew) or run wrong (drift).
type clock struct {
	mutex  sync.Mutex
	skew   time.Duration
	ppm    int64 // parts per million that it runs fast
	since  time.Time
	gained time.Duration // by drifting, until since
}

func (k *clock) setSkew(skew time.Duration) {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	k.skew = skew
}

func (k *clock) setDrift(perMillion int64, now time.Time) {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	k.gained = k.drifted(now)
	k.ppm, k.since = perMillion, now
}

// read gives how far the crystal has drifted at a time, and what the clock shows then.
func (k *clock) read(at time.Time) (time.Duration, time.Time) {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	drifted := k.drifted(at)
	return drifted, at.Add(drifted + k.skew)
}

func (k *clock) drifted(at time.Time) time.Duration {
	if k.ppm == 0 {
		return k.gained
	}
	return k.gained + at.Sub(k.since)*time.Duration(k.ppm)/1_000_000
}
