package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
)

// listener accepts both plain and TLS connections for one RTSP server, and puts an outlet before each.
type listener struct {
	all      []net.Listener
	accepted chan net.Conn
	failed   chan error
	closed   chan struct{}
	closing  sync.Once
}

// listen is plain at one address, and TLS at the other where there is one, with the certificate of the folder.
func listen(plain, secure, folder string) (*listener, error) {
	l := &listener{accepted: make(chan net.Conn), failed: make(chan error, 2), closed: make(chan struct{})}
	if err := l.add(plain, func(one net.Listener) net.Listener { return one }); err != nil {
		return nil, err
	}
	if secure == "" {
		return l, nil
	}
	certificate, err := certificateIn(folder)
	if err == nil {
		settings := &tls.Config{Certificates: []tls.Certificate{certificate}}
		err = l.add(secure, func(one net.Listener) net.Listener { return tls.NewListener(one, settings) })
	}
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

func (l *listener) add(address string, wrap func(net.Listener) net.Listener) error {
	one, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("the RTSP server cannot listen on %s: %w; free the port or choose another", address, err)
	}
	l.all = append(l.all, one)
	go l.serve(wrap(one))
	return nil
}

func (l *listener) serve(one net.Listener) {
	for {
		connection, err := one.Accept()
		if err != nil {
			l.failed <- err
			return
		}
		select {
		case l.accepted <- newOutlet(connection):
		case <-l.closed:
			_ = connection.Close()
			return
		}
	}
}

// Accept implements net.Listener.
func (l *listener) Accept() (net.Conn, error) {
	select {
	case connection := <-l.accepted:
		return connection, nil
	case err := <-l.failed:
		return nil, err
	}
}

// Close implements net.Listener.
func (l *listener) Close() error {
	var errs []error
	l.closing.Do(func() {
		close(l.closed)
		for _, one := range l.all {
			errs = append(errs, one.Close())
		}
	})
	return errors.Join(errs...)
}

// Addr implements net.Listener.
func (l *listener) Addr() net.Addr {
	return l.all[0].Addr()
}
