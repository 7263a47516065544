package server

import (
	"net"
	"reflect"
	"syscall"
	"time"
)

// A connection that is not a socket itself can have these methods. They count
// only if no type that it embeds has them too: a promoted method speaks for what
// lies below, not for what the wrapper holds.
type (
	// Unread returns how many bytes have arrived that were not read.
	unreader interface{ Unread() (int, error) }
	// Unsent returns how many bytes were written, the end of the stream
	// included, that the peer has not acknowledged.
	unsenter interface{ Unsent() (int, error) }
	// WriteBuffers writes several slices as one, as net.Buffers.WriteTo.
	buffersWriter interface {
		WriteBuffers(*net.Buffers) (int64, error)
	}
)

// quietLeast is how long a peer must at least be silent, everything being
// acknowledged, before nothing more is expected of it. A lost packet is sent
// again after 200 ms at the earliest.
const quietLeast = 200 * time.Millisecond

// own returns c as M, unless a type that c embeds has M too.
func own[M any](c net.Conn) (m M, ok bool) {
	if m, ok = any(c).(M); !ok {
		return m, false
	}
	t, methods := reflect.TypeOf(c), reflect.TypeFor[M]()
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return m, true
	}
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous && (f.Type.Implements(methods) || reflect.PointerTo(f.Type).Implements(methods)) {
			return m, false
		}
	}
	return m, true
}

// isVectored reports whether several slices leave in one write.
func isVectored(c net.Conn) bool {
	switch c.(type) {
	case *net.TCPConn, *net.UnixConn:
		return true
	}
	_, ok := own[buffersWriter](c)
	return ok
}

// unread returns how many bytes have arrived that were not read, if that is
// known.
func unread(c net.Conn, sock syscall.RawConn) (int, bool) {
	if sock != nil {
		return kernelUnread(sock)
	}
	if c, ok := own[unreader](c); ok {
		n, err := c.Unread()
		return n, err == nil
	}
	return 0, false
}

// unsent returns how many bytes were written, the end of the stream included,
// that the peer has not acknowledged, if that is known. On a Unix socket that
// is what the peer has not read.
func unsent(c net.Conn, sock syscall.RawConn) (int, bool) {
	if sock != nil {
		return kernelUnsent(sock)
	}
	if c, ok := own[unsenter](c); ok {
		n, err := c.Unsent()
		return n, err == nil
	}
	return 0, false
}
