package framing_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"testing"

	"github.com/wholeframe/wholeframe/framing/internal/frametest"
)

// errPause is a temporary error of a source.
var errPause = errors.New("pause")

// A byteReader is an endless source of one byte.
type byteReader byte

func (r byteReader) Read(p []byte) (int, error) {
	if r == 0 {
		clear(p) // faster than the loop
		return len(p), nil
	}
	for i := range p {
		p[i] = byte(r)
	}
	return len(p), nil
}

// zeros returns a source of n zero bytes.
func zeros(n int64) io.Reader { return io.LimitReader(byteReader(0), n) }

// A repeatReader returns data again and again.
type repeatReader struct {
	data []byte
	r    int
}

func (s *repeatReader) Read(p []byte) (int, error) {
	if s.r == len(s.data) {
		s.r = 0
	}
	n := copy(p, s.data[s.r:])
	s.r += n
	return n, nil
}

// An emptyReadsReader returns 0, nil from n calls of Read before each one that
// reads.
type emptyReadsReader struct {
	r     io.Reader
	n     int
	calls int
}

func (r *emptyReadsReader) Read(p []byte) (int, error) {
	if r.calls++; r.calls%(r.n+1) != 0 {
		return 0, nil
	}
	return r.r.Read(p)
}

// A oneByteErrReader returns errPause before each byte.
type oneByteErrReader struct {
	r     io.Reader
	ready bool
}

func (r *oneByteErrReader) Read(p []byte) (int, error) {
	if r.ready = !r.ready; r.ready {
		return 0, errPause
	}
	return r.r.Read(p[:1])
}

// A countReader returns the next of these counts from each Read, the last one
// again and again.
type countReader []int

// tooMany is the count of one byte more than there is room for.
const tooMany = 1 << 30

func (s *countReader) Read(p []byte) (int, error) {
	n := (*s)[0]
	if n == tooMany {
		n = len(p) + 1
	}
	if len(*s) > 1 {
		*s = (*s)[1:]
	}
	return n, nil
}

// A countWriter returns n from each Write.
type countWriter struct {
	n     int
	calls int
}

func (w *countWriter) Write([]byte) (int, error) {
	w.calls++
	return w.n, nil
}

// A countingWriter counts the calls of Write and the bytes.
type countingWriter struct {
	io.Writer
	calls, bytes int64
}

func (w *countingWriter) Write(p []byte) (int, error) {
	n, err := w.Writer.Write(p)
	w.calls++
	w.bytes += int64(n)
	return n, err
}

// A shortWriter takes one byte from each Write, and returns no error.
type shortWriter struct{ bytes.Buffer }

func (w *shortWriter) Write(p []byte) (int, error) { return w.Buffer.Write(p[:1]) }

// A failingWriter takes left bytes. Then it returns short counts, with err.
type failingWriter struct {
	left  int
	err   error
	taken bytes.Buffer
	torn  bool
	after int // calls after the first that failed
}

func (w *failingWriter) Write(p []byte) (int, error) {
	if w.torn {
		w.after++
	}
	n := min(len(p), w.left)
	w.left -= n
	w.taken.Write(p[:n])
	if n < len(p) {
		w.torn = true
		return n, w.err
	}
	return n, nil
}

// WriteBuffers writes bufs with Write, and counts like [net.Buffers.WriteTo].
func (w *failingWriter) WriteBuffers(bufs *net.Buffers) (n int64, err error) {
	return bufs.WriteTo(struct{ io.Writer }{w})
}

// A blockingWriter receives the result of each Write from a channel.
type blockingWriter struct {
	results chan error
	calls   int
	taken   bytes.Buffer
}

func newBlockingWriter() *blockingWriter { return &blockingWriter{results: make(chan error)} }

func (w *blockingWriter) Write(p []byte) (int, error) {
	w.calls++
	if err := <-w.results; err != nil {
		return 0, err
	}
	return w.taken.Write(p)
}

// An ioConn is a net.Conn that reads and writes, and does nothing else.
type ioConn struct {
	net.Conn
	io.Reader
	io.Writer
}

func (c ioConn) Read(p []byte) (int, error)  { return c.Reader.Read(p) }
func (c ioConn) Write(p []byte) (int, error) { return c.Writer.Write(p) }

// loopback returns the two ends of a TCP connection, which are closed when the test
// ends.
func loopback(t testing.TB) (client, server net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if client, err = net.Dial("tcp", ln.Addr().String()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	if server, err = ln.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	return client, server
}

// script returns a reader of these strings, each no further than its end, and of
// errPause where a string is empty.
func script(parts ...string) *frametest.Script {
	var s frametest.Script
	for _, p := range parts {
		r := frametest.Read{Data: p}
		if p == "" {
			r.Err = errPause
		}
		s = append(s, r)
	}
	return &s
}

// checkError fails the test unless the error of call has this text.
func checkError(t *testing.T, call string, err error, want string) {
	t.Helper()
	if err == nil || err.Error() != want {
		t.Fatalf("%s: error %v; want %s", call, err, want)
	}
}

// checkAs returns the error of call as an E, and fails the test if it is none.
func checkAs[E error](t *testing.T, call string, err error) E {
	t.Helper()
	var e E
	if !errors.As(err, &e) {
		t.Fatalf("%s: error %T %v; want a %T", call, err, err, e)
	}
	return e
}
