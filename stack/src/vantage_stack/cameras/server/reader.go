package main

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/bluenviron/gortsplib/v5/pkg/headers"
	"github.com/pion/rtcp"
)

// ntpEpoch is how many seconds NTP's begin lies before Unix's.
const ntpEpoch = 2_208_988_800

// reader is one session that plays a camera, over its connection or over UDP.
type reader struct {
	outlet  *outlet
	channel byte
	ssrc    uint32

	udp        *udpPair // nil over TCP
	rtp, rtcp  netip.AddrPort
	scratch    []byte
	reported   time.Time // when it was last sent a report; zero before
	packets    uint32
	octetCount uint32
}

// newReader is made from what SETUP was answered with.
func newReader(o *outlet, udp *udpPair) (*reader, error) {
	t := o.transport
	r := &reader{outlet: o}
	if t.SSRC != nil {
		r.ssrc = *t.SSRC
	}
	if t.Protocol == headers.TransportProtocolTCP && t.InterleavedIDs != nil {
		r.channel = byte(t.InterleavedIDs[0])
		return r, nil
	}
	if t.ClientPorts == nil {
		return nil, fmt.Errorf("transport %v names neither channels nor ports", t)
	}
	from, err := netip.ParseAddrPort(o.RemoteAddr().(*net.TCPAddr).String())
	if err != nil {
		return nil, err
	}
	r.udp = udp
	r.rtp = netip.AddrPortFrom(from.Addr().Unmap(), uint16(t.ClientPorts[0]))
	r.rtcp = netip.AddrPortFrom(from.Addr().Unmap(), uint16(t.ClientPorts[1]))
	return r, nil
}

// send is false where the reader takes no more.
func (r *reader) send(p *picture, s stamps) bool {
	s.ssrc = r.ssrc
	r.packets += uint32(len(p.packets))
	r.octetCount += uint32(len(p.wire) - len(p.packets)*(frameHeader+rtpHeader))
	if r.udp == nil {
		return r.outlet.put(p.wire, func(wire []byte) { p.fill(wire, r.channel, s) })
	}
	r.scratch = append(r.scratch[:0], p.wire...)
	p.fill(r.scratch, 0, s)
	for _, at := range p.packets {
		_, _ = r.udp.rtp.WriteToUDPAddrPort(r.scratch[at.begin+frameHeader:at.end], r.rtp) // as UDP is: it comes or not
	}
	return true
}

// report tells the reader which time stamp the camera's clock had when.
func (r *reader) report(stamp uint32, shown time.Time) {
	fraction := (uint64(shown.Nanosecond())<<32 + 500_000_000) / 1_000_000_000
	r.sendControl(&rtcp.SenderReport{
		SSRC:        r.ssrc,
		NTPTime:     uint64(shown.Unix()+ntpEpoch)<<32 + fraction,
		RTPTime:     stamp,
		PacketCount: r.packets,
		OctetCount:  r.octetCount,
	})
}

// sayGoodbye ends the stream as RTCP does.
func (r *reader) sayGoodbye() {
	r.sendControl(&rtcp.Goodbye{Sources: []uint32{r.ssrc}})
}

func (r *reader) sendControl(message rtcp.Packet) {
	packed, err := message.Marshal()
	if err != nil {
		panic(err) // both messages are of fixed form
	}
	if r.udp != nil {
		_, _ = r.udp.rtcp.WriteToUDPAddrPort(packed, r.rtcp)
		return
	}
	framed := append([]byte{'$', r.channel + 1, 0, 0}, packed...)
	binary.BigEndian.PutUint16(framed[2:], uint16(len(packed)))
	r.outlet.put(framed, func([]byte) {})
}

// babble puts bytes on the connection that are no frame of anything.
func (r *reader) babble(noise []byte) {
	if r.udp == nil {
		r.outlet.put(noise, func([]byte) {})
	}
}
