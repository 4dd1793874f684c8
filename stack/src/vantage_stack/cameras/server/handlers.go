package main

import (
	"strings"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/bluenviron/gortsplib/v5/pkg/headers"
)

// OnDescribe implements gortsplib.ServerHandlerOnDescribe.
func (s *server) OnDescribe(ctx *gortsplib.ServerHandlerOnDescribeCtx) (*base.Response, *gortsplib.ServerStream, error) {
	return s.find(ctx.Path, ctx.Conn, ctx.Request)
}

// OnSetup implements gortsplib.ServerHandlerOnSetup.
func (s *server) OnSetup(ctx *gortsplib.ServerHandlerOnSetupCtx) (*base.Response, *gortsplib.ServerStream, error) {
	return s.find(ctx.Path, ctx.Conn, ctx.Request)
}

// OnResponse implements gortsplib.ServerHandlerOnResponse: it notes the transport that SETUP agreed on.
func (s *server) OnResponse(conn *gortsplib.ServerConn, response *base.Response) {
	var agreed headers.Transport
	if header, found := response.Header["Transport"]; found && agreed.Unmarshal(header) == nil {
		conn.NetConn().(*outlet).transport = agreed
	}
}

// OnPlay implements gortsplib.ServerHandlerOnPlay. The first picture comes after the answer.
func (s *server) OnPlay(ctx *gortsplib.ServerHandlerOnPlayCtx) (*base.Response, error) {
	c := s.cameras[strings.Trim(ctx.Path, "/")]
	if c == nil {
		return &base.Response{StatusCode: base.StatusNotFound}, nil
	}
	out := ctx.Conn.NetConn().(*outlet)
	r, err := newReader(out, s.udp)
	if err != nil {
		return &base.Response{StatusCode: base.StatusUnsupportedTransport}, err
	}
	if _, playing := s.sessions.LoadOrStore(ctx.Session, &playing{c, r}); !playing {
		out.afterAnswer(func() { s.join(ctx.Session, c, r) })
	}
	return &base.Response{StatusCode: base.StatusOK}, nil
}

// join lets the reader have pictures, unless its session has ended meanwhile.
func (s *server) join(session *gortsplib.ServerSession, c *camera, r *reader) {
	c.join(r)
	if _, playing := s.sessions.Load(session); !playing {
		c.leave(r)
	}
}

// OnSessionClose implements gortsplib.ServerHandlerOnSessionClose.
func (s *server) OnSessionClose(ctx *gortsplib.ServerHandlerOnSessionCloseCtx) {
	if found, was := s.sessions.LoadAndDelete(ctx.Session); was {
		p := found.(*playing)
		p.camera.leave(p.reader)
	}
}
