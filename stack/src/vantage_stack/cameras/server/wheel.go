package main

import (
	"container/heap"
	"time"
)

// gather is how long a wheel rests at least, so that it sends for several cameras each time that it wakes.
const gather = 2 * time.Millisecond

// wheel runs cameras: one goroutine for many of them, since waking costs more than sending.
type wheel struct {
	turns []turn
}

type turn struct {
	camera *camera
	due    time.Time
}

// run sends for as long as the process lives.
func (w *wheel) run() {
	heap.Init(w)
	for len(w.turns) > 0 {
		now := time.Now()
		for first := &w.turns[0]; !first.due.After(now); first = &w.turns[0] {
			first.due = first.camera.tick(now)
			heap.Fix(w, 0)
		}
		time.Sleep(max(gather, time.Until(w.turns[0].due)))
	}
}

// Len implements heap.Interface.
func (w *wheel) Len() int { return len(w.turns) }

// Less implements heap.Interface.
func (w *wheel) Less(i, j int) bool { return w.turns[i].due.Before(w.turns[j].due) }

// Swap implements heap.Interface.
func (w *wheel) Swap(i, j int) { w.turns[i], w.turns[j] = w.turns[j], w.turns[i] }

// Push implements heap.Interface.
func (w *wheel) Push(t any) { w.turns = append(w.turns, t.(turn)) }

// Pop implements heap.Interface.
func (w *wheel) Pop() any {
	last := w.turns[len(w.turns)-1]
	w.turns = w.turns[:len(w.turns)-1]
	return last
}
