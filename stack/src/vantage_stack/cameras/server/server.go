package main

import (
	"fmt"
	"net"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/auth"
	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/bluenviron/gortsplib/v5/pkg/liberrors"
)

const (
	longestHang = time.Minute
	// writeQueue is gortsplib's own, of packets, which stays empty: pictures and reports take the outlet.
	writeQueue = 8
)

// server is the RTSP side of all cameras. gortsplib answers requests; what is played is sent by us, so that a picture
// is one write and every bit of it can be wrong.
type server struct {
	rtsp       *gortsplib.Server
	udp        *udpPair
	cameras    map[string]*camera // by path; fixed once the server is announced
	credential atomic.Pointer[credential]
	sessions   sync.Map // *gortsplib.ServerSession to the *playing that it is
}

type credential struct{ user, password string }

// playing is a session's camera and reader.
type playing struct {
	camera *camera
	reader *reader
}

func newServer(o options) (*server, error) {
	udp, err := bindUDPPair()
	if err != nil {
		return nil, err
	}
	accepting, err := listen(o.rtsp, o.rtsps, o.folder)
	if err != nil {
		return nil, err
	}
	s := &server{udp: udp, cameras: map[string]*camera{}}
	s.rtsp = &gortsplib.Server{
		Handler:                  s,
		RTSPAddress:              o.rtsp,
		UDPRTPAddress:            udp.rtp.LocalAddr().String(),
		UDPRTCPAddress:           udp.rtcp.LocalAddr().String(),
		Listen:                   func(_, _ string) (net.Listener, error) { return accepting, nil },
		ListenPacket:             udp.listen,
		WriteQueueSize:           writeQueue,
		DisableRTCPSenderReports: true,
		AuthMethods:              []auth.VerifyMethod{auth.VerifyMethodDigestMD5},
	}
	if o.basic {
		s.rtsp.AuthMethods = []auth.VerifyMethod{auth.VerifyMethodBasic}
	}
	if err := s.rtsp.Start(); err != nil {
		return nil, fmt.Errorf("the RTSP server does not start: %w", err)
	}
	return s, s.setCredential(o.credential)
}

// setCredential takes user:password; sessions that play already go on.
func (s *server) setCredential(text string) error {
	user, password, found := strings.Cut(text, ":")
	if !found || user == "" || password == "" {
		return fmt.Errorf("the credential is user:password, neither of them empty")
	}
	s.credential.Store(&credential{user, password})
	return nil
}

// addAll makes the cameras and lets them run, on as many wheels as there are cores.
func (s *server) addAll(count int, loaded sources) error {
	for i := range count {
		clip := loaded.clips[i%len(loaded.clips)]
		phase := clip.length * time.Duration(i) / time.Duration(count)
		path, shared := fmt.Sprintf("cam/%04d", i+1), &clock{}
		if err := s.add(path, newCamera(s.rtsp, shared, loaded.clips, clip, phase)); err != nil {
			return err
		}
		if loaded.sub != nil {
			if err := s.add(path+"/sub", newCamera(s.rtsp, shared, nil, loaded.sub, phase%loaded.sub.length)); err != nil {
				return err
			}
		}
	}
	for path, other := range loaded.others {
		if err := s.add(path, newCamera(s.rtsp, &clock{}, nil, other, 0)); err != nil {
			return err
		}
	}
	s.run()
	return nil
}

func (s *server) add(path string, c *camera) error {
	if err := c.open(); err != nil {
		return fmt.Errorf("camera %s: %w", path, err)
	}
	s.cameras[path] = c
	return nil
}

func (s *server) run() {
	wheels := make([]wheel, runtime.GOMAXPROCS(0))
	next := 0
	for _, c := range s.cameras {
		w := &wheels[next%len(wheels)]
		w.turns = append(w.turns, turn{camera: c})
		next++
	}
	for i := range wheels {
		go wheels[i].run()
	}
}

// find answers a request for a path: by the credential first, then by what the camera's faults let through.
func (s *server) find(path string, conn *gortsplib.ServerConn, req *base.Request) (*base.Response, *gortsplib.ServerStream, error) {
	if known := s.credential.Load(); !conn.VerifyCredentials(req, known.user, known.password) {
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
