package main

import (
	"errors"
	"fmt"
	"net"
)

const udpTries = 100

// udpPair is an even port for RTP and the next one for RTCP, both held already, so that nobody takes them in between.
type udpPair struct {
	rtp, rtcp *net.UDPConn
}

func bindUDPPair() (*udpPair, error) {
	for range udpTries {
		rtp, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			return nil, fmt.Errorf("no UDP port is free on 127.0.0.1: %w", err)
		}
		if port := portOf(rtp); port%2 == 0 {
			next := &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port + 1}
			if rtcp, err := net.ListenUDP("udp4", next); err == nil {
				return &udpPair{rtp, rtcp}, nil
			}
		}
		if err := rtp.Close(); err != nil {
			return nil, err
		}
	}
	return nil, errors.New("no two UDP ports that follow each other are free on 127.0.0.1: end other programs and start again")
}

// listen hands gortsplib the port that is held for this address.
func (p *udpPair) listen(_, address string) (net.PacketConn, error) {
	for _, held := range []*net.UDPConn{p.rtp, p.rtcp} {
		if held.LocalAddr().String() == address {
			return held, nil
		}
	}
	return nil, fmt.Errorf("%s is not one of the two UDP ports that are held", address)
}

func portOf(c net.PacketConn) int {
	return c.LocalAddr().(*net.UDPAddr).Port
}
