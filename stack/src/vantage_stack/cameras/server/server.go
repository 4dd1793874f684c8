package main

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/auth"
	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/bluenviron/gortsplib/v5/pkg/liberrors"
)

const (
	longestHang = time.Minute
	// writeQueue is in packets and must be a power of two; a keyframe of 4 Mbit/s video has about 150.
	writeQueue = 512
)

// server is the RTSP side of all cameras. It takes digest authentication only, as a well-set camera does.
type server struct {
	rtsp     *gortsplib.Server
	cameras  map[string]*camera // by path; fixed once the server is announced
	user     string
	password string
	sessions sync.Map // *gortsplib.ServerSession to the *camera it plays
}

func newServer(o options) (*server, error) {
	udp, err := bindUDPPair()
	if err != nil {
		return nil, err
	}
	s := &server{cameras: map[string]*camera{}, user: o.user, password: o.password}
	s.rtsp = &gortsplib.Server{
		Handler:        s,
		RTSPAddress:    o.rtsp,
		UDPRTPAddress:  udp.rtp.LocalAddr().String(),
		UDPRTCPAddress: udp.rtcp.LocalAddr().String(),
		ListenPacket:   udp.listen,
		WriteQueueSize: writeQueue,
		AuthMethods:    []auth.VerifyMethod{auth.VerifyMethodDigestMD5},
	}
	if err := s.rtsp.Start(); err != nil {
		return nil, fmt.Errorf("the RTSP server cannot listen on %s: %w; free the port or choose another", o.rtsp, err)
	}
	return s, nil
}

func (s *server) addAll(count int, loaded sources) error {
	for i := range count {
		clip := loaded.clips[i%len(loaded.clips)]
		phase := clip.length * time.Duration(i) / time.Duration(count)
		if err := s.add(fmt.Sprintf("cam/%04d", i+1), clip, phase); err != nil {
			return err
		}
	}
	for path, other := range loaded.others {
		if err := s.add(path, other, 0); err != nil {
			return err
		}
	}
	for _, c := range s.cameras {
		go c.run()
	}
	return nil
}

func (s *server) add(path string, from *source, phase time.Duration) error {
	c := &camera{rtsp: s.rtsp, source: from, phase: phase}
	if err := c.open(); err != nil {
		return fmt.Errorf("camera %s: %w", path, err)
	}
	s.cameras[path] = c
	return nil
}

// find answers a request for a path: by the credential first, then by what the camera's faults let through.
func (s *server) find(path string, conn *gortsplib.ServerConn, req *base.Request) (*base.Response, *gortsplib.ServerStream, error) {
	if !conn.VerifyCredentials(req, s.user, s.password) {
		return &base.Response{StatusCode: base.StatusUnauthorized}, nil, liberrors.ErrServerAuth{}
	}
	c := s.cameras[strings.Trim(path, "/")]
	if c == nil {
		return &base.Response{StatusCode: base.StatusNotFound}, nil, nil
	}
	if _, unhung := c.current(); unhung != nil {
		select {
		case <-unhung:
		case <-time.After(longestHang):
		}
	}
	stream, _ := c.current()
	if stream == nil {
		return &base.Response{StatusCode: base.StatusNotFound}, nil, nil
	}
	return &base.Response{StatusCode: base.StatusOK}, stream, nil
}

// OnDescribe implements gortsplib.ServerHandlerOnDescribe.
func (s *server) OnDescribe(ctx *gortsplib.ServerHandlerOnDescribeCtx) (*base.Response, *gortsplib.ServerStream, error) {
	return s.find(ctx.Path, ctx.Conn, ctx.Request)
}

// OnSetup implements gortsplib.ServerHandlerOnSetup.
func (s *server) OnSetup(ctx *gortsplib.ServerHandlerOnSetupCtx) (*base.Response, *gortsplib.ServerStream, error) {
	return s.find(ctx.Path, ctx.Conn, ctx.Request)
}

// OnPlay implements gortsplib.ServerHandlerOnPlay.
func (s *server) OnPlay(ctx *gortsplib.ServerHandlerOnPlayCtx) (*base.Response, error) {
	if c := s.cameras[strings.Trim(ctx.Path, "/")]; c != nil {
		if _, playing := s.sessions.LoadOrStore(ctx.Session, c); !playing {
			c.readers.Add(1)
		}
	}
	return &base.Response{StatusCode: base.StatusOK}, nil
}

// OnSessionClose implements gortsplib.ServerHandlerOnSessionClose.
func (s *server) OnSessionClose(ctx *gortsplib.ServerHandlerOnSessionCloseCtx) {
	if c, playing := s.sessions.LoadAndDelete(ctx.Session); playing {
		c.(*camera).readers.Add(-1)
	}
}
