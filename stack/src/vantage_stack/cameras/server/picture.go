package main

import "encoding/binary"

const (
	frameHeader = 4 // of an interleaved frame: $, channel, length
	rtpHeader   = 12
	markerBit   = 0x80
)

// packet is where one RTP packet stands in a picture, its interleaved header before it, and how far its sequence number
// is from that of the picture's first.
type packet struct {
	begin, end int
	number     uint16
}

// picture is what is sent of one frame: RTP packets one after another as they go over TCP, with sequence number, time
// stamp and source yet to be filled in. It is never changed once it is built, so that cameras may share it.
type picture struct {
	wire    []byte
	packets []packet
	numbers uint16 // sequence numbers that it takes, those of lost packets included
}

// stamps are what is filled in.
type stamps struct {
	sequence uint16
	time     uint32
	ssrc     uint32
}

// fill writes the stamps into a copy of the picture's bytes.
func (p *picture) fill(wire []byte, channel byte, s stamps) {
	for _, at := range p.packets {
		wire[at.begin+1] = channel
		header := wire[at.begin+frameHeader:]
		binary.BigEndian.PutUint16(header[2:], s.sequence+at.number)
		binary.BigEndian.PutUint32(header[4:], s.time)
		binary.BigEndian.PutUint32(header[8:], s.ssrc)
	}
}

// payload is a packet's, and the byte of its header that holds the marker and the type.
func (p *picture) payload(at packet) ([]byte, byte) {
	begin := at.begin + frameHeader
	return p.wire[begin+rtpHeader : at.end], p.wire[begin+1]
}

// builder puts a picture together.
type builder struct {
	picture picture
}

func (b *builder) add(payload []byte, payloadType uint8, marker bool) {
	second := payloadType
	if marker {
		second |= markerBit
	}
	b.addRaw(payload, second)
}

func (b *builder) addRaw(payload []byte, second byte) {
	p := &b.picture
	begin, length := len(p.wire), rtpHeader+len(payload)
	p.wire = append(p.wire, '$', 0, byte(length>>8), byte(length), 2<<6, second)
	p.wire = append(p.wire, make([]byte, rtpHeader-2)...)
	p.wire = append(p.wire, payload...)
	p.packets = append(p.packets, packet{begin, len(p.wire), p.numbers})
	p.numbers++
}

// lose takes a sequence number that nobody will see.
func (b *builder) lose() {
	b.picture.numbers++
}
