package main

import "time"

// cursor walks through a looped source, which began at a time and runs on by the clock, as a street does.
type cursor struct {
	source *source
	begin  time.Time
	loops  time.Duration // whole runs of the clip so far
	index  int
}

// newCursor begins with the frame that is due after so much of the clip.
func newCursor(from *source, now time.Time, phase time.Duration) cursor {
	k := cursor{source: from, begin: now.Add(-phase)}
	for k.index < len(from.units) && from.units[k.index].dts < phase {
		k.index++
	}
	return k
}

// next is the frame that is due next, when it is to be sent, and when it was captured.
func (k *cursor) next() (*unit, time.Time, time.Time) {
	if k.index >= len(k.source.units) {
		k.index = 0
		k.loops++
	}
	u := k.source.units[k.index]
	begin := k.begin.Add(k.loops * k.source.length)
	return u, begin.Add(u.dts), begin.Add(u.pts)
}

func (k *cursor) step() {
	k.index++
}
