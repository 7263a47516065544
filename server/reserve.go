package server

import (
	"errors"
	"log/slog"
	"net"
	"os"
	"syscall"
)

// A reserve is a descriptor for the time when no other is free: a client that would
// wait in the accept queue indefinitely is then refused instead.
type reserve struct{ file *os.File }

// hold reports whether there is a reserve.
func (r *reserve) hold() bool {
	if r.file == nil {
		r.file, _ = os.Open(os.DevNull)
	}
	return r.file != nil
}

func (r *reserve) release() {
	if r.file != nil {
		r.file.Close()
		r.file = nil
	}
}

// noDescriptor reports whether err is the lack of descriptors.
func noDescriptor(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}

// acceptWith accepts a connection with the descriptor of r. It returns nil if it
// has refused that, for want of a descriptor for a new reserve.
func (s *Server) acceptWith(r *reserve, l net.Listener) (net.Conn, error) {
	r.release()
	nc, err := l.Accept()
	if r.hold() || err != nil {
		return nc, err
	}
	s.refuseUnserved(nc)
	r.hold()
	return nil, nil
}

// refuseUnserved resets a connection that was accepted, and counts it.
func (s *Server) refuseUnserved(nc net.Conn) {
	defer protect()
	defer nc.Close()
	s.mu.Lock()
	s.stats.Accepted++
	s.stats.Closed[CloseRefused]++
	s.mu.Unlock()
	c := newConn(s, nc)
	c.wire.resetOnClose(true)
	s.log(ofAccept, slog.LevelWarn, CloseRefused.warning(), "remote", c.remote(), "err", "server: no descriptor is left")
}
