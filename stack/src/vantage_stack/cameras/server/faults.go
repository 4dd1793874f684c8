package main

import (
	"fmt"
	"math/rand"
	"sync/atomic"
)

// longestGarbage is in bytes; some NAL units then do not fit a packet's usual size, none passes that of UDP.
const longestGarbage = maxPayload

// faults are what is wrong with what a camera sends. Everything but slow is under the camera's mutex.
type faults struct {
	stalled  bool
	unmarked bool
	loss     int64 // of 1,000 packets
	garbage  int64
	truncate int64
	repeat   int64  // so many frames yet to come have the time stamp of the one before
	jump     uint32 // in ticks, added to each time stamp
	sei      bool
	seis     uint64 // how many SEI units were made
	slow     atomic.Int64
}

func (f *faults) changePictures() bool {
	return f.unmarked || f.loss > 0 || f.garbage > 0 || f.truncate > 0 || f.sei
}

// compose gives what is sent of a frame, the SEI unit that was put before it, or nil, and whether the frame is whole.
func (f *faults) compose(u *unit, v *video) (*picture, []byte, bool) {
	if !f.changePictures() {
		return u.picture, nil, true
	}
	var b builder
	var sei []byte
	if f.sei && v != nil {
		sei = seiUnit(f.seis, v.h265)
		f.seis++
		b.add(sei, videoPayloadType, false)
	}
	whole := true
	for _, at := range u.picture.packets {
		payload, second := u.picture.payload(at)
		if !f.copy(&b, payload, second) {
			whole = false
		}
	}
	return &b.picture, sei, whole
}

// copy adds a packet as the faults leave it; false where they changed anything.
func (f *faults) copy(b *builder, payload []byte, second byte) bool {
	whole := true
	if f.unmarked {
		second &^= markerBit
	}
	if chance(f.garbage) {
		b.addRaw(garbage(), second&^markerBit)
		whole = false
	}
	if chance(f.truncate) {
		payload = payload[:rand.Intn(len(payload))]
		whole = false
	}
	if chance(f.loss) {
		b.lose()
		return false
	}
	b.addRaw(payload, second)
	return whole
}

func chance(perMill int64) bool {
	return perMill > 0 && rand.Int63n(1000) < perMill
}

// garbage is a payload that no camera should send: any first byte, hence any NAL unit type, aggregations and fragments
// that hold nonsense, and the forbidden bit in half of them.
func garbage() []byte {
	noise := make([]byte, rand.Intn(longestGarbage))
	for i := range noise {
		noise[i] = byte(rand.Uint32())
	}
	return noise
}

// seiIdentity names the SEI units of virtual cameras; like the text after it, it has no zero byte, and so needs no
// emulation prevention.
const seiIdentity = "vantage-camera#1"

// seiUnit is user data, unregistered (payload type 5): the identity, and a number in 12 digits.
func seiUnit(number uint64, h265 bool) []byte {
	text := fmt.Sprintf("%s%012d", seiIdentity, number)
	header := []byte{6}
	if h265 {
		header = []byte{39 << 1, 1}
	}
	unit := append(header, 5, byte(len(text)))
	return append(append(unit, text...), 0x80)
}
