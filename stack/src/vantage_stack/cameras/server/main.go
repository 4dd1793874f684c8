// Command virtualcameras serves looped clips as RTSP cameras in real time, and makes them fail on demand.
//
// Nothing is transcoded: a clip is cut into RTP packets once, and each camera sends those packets with sequence numbers
// and time stamps of its own. So one small machine can be hundreds of cameras. Sender reports carry the exact time of
// each frame: what a reader measures against them is its own latency.
//
// Paths are cam/0001, cam/0002 and so on, cam/0001/sub for a camera's second, smaller stream by the same clock, and two
// that no video recorder can use: other/audio and other/mjpeg. Each is served over TLS as well, at a port of its own.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// credentialVariable is read from the environment, since a command line can be read by everybody on the machine.
const credentialVariable = "VIRTUAL_CAMERAS_CREDENTIAL"

type options struct {
	rtsp, rtsps, control string
	folder               string
	cameras              int
	clips                []string
	sub                  string
	basic                bool
	credential           string
}

func main() {
	if err := start(); err != nil {
		fmt.Fprintln(os.Stderr, "virtualcameras:", err)
		os.Exit(1)
	}
}

func start() error {
	o, err := readOptions()
	if err != nil {
		return err
	}
	loaded, err := loadSources(o.clips, o.sub)
	if err != nil {
		return err
	}
	s, err := newServer(o)
	if err != nil {
		return err
	}
	defer s.rtsp.Close()
	if err := s.addAll(o.cameras, loaded); err != nil {
		return err
	}
	return serveControl(o.control, s)
}

func readOptions() (options, error) {
	var o options
	flag.StringVar(&o.rtsp, "rtsp", "127.0.0.1:8554", "loopback address of the RTSP server")
	flag.StringVar(&o.rtsps, "rtsps", "", "loopback address of the same server over TLS; none without it")
	flag.StringVar(&o.control, "control", "127.0.0.1:8555", "loopback address of the control interface (HTTP)")
	flag.StringVar(&o.folder, "folder", ".", "where certificate.pem and key.pem are, or are made")
	flag.IntVar(&o.cameras, "n", 1, "how many cameras")
	flag.StringVar(&o.sub, "sub", "", "MP4 file that each camera's second stream loops; none without it")
	flag.BoolVar(&o.basic, "basic", false, "ask for the password as old cameras do, readable on the wire")
	flag.Parse()
	o.clips = flag.Args()
	if len(o.clips) == 0 || o.cameras < 1 || o.cameras > 9999 {
		return o, errors.New("give 1 to 9999 cameras with -n, and at least one MP4 file (H.264 or H.265) to loop")
	}
	for _, address := range []string{o.rtsp, o.rtsps, o.control} {
		if address == "" {
			continue
		}
		if err := requireLoopback(address); err != nil {
			return o, err
		}
	}
	o.credential = os.Getenv(credentialVariable)
	if user, password, found := strings.Cut(o.credential, ":"); !found || user == "" || password == "" {
		return o, fmt.Errorf("set %s to user:password; every camera asks for it", credentialVariable)
	}
	return o, nil
}

// requireLoopback refuses other addresses: anybody who reaches the control interface may break the cameras.
func requireLoopback(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("%q is not host:port: %w", address, err)
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return fmt.Errorf("%q is not on loopback: virtual cameras are for tests on one machine, use 127.0.0.1", address)
	}
	return nil
}

// serveControl answers until the process is told to end.
func serveControl(address string, s *server) error {
	ended, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	h := &http.Server{Addr: address, Handler: controlHandler(s), ReadHeaderTimeout: 5 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- h.ListenAndServe() }()
	select {
	case err := <-failed:
		return fmt.Errorf("the control interface cannot listen on %s: %w; free the port or choose another", address, err)
	case <-ended.Done():
		return h.Close()
	}
}
