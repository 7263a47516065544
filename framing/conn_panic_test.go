package framing_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/cobs"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
	"github.com/wholeframe/wholeframe/framing/netstring"
)

// A funcReader calls itself for each Read, a funcWriter for each Write.
type (
	funcReader func(p []byte) (int, error)
	funcWriter func(p []byte) (int, error)
)

func (f funcReader) Read(p []byte) (int, error)  { return f(p) }
func (f funcWriter) Write(p []byte) (int, error) { return f(p) }

// A vectorFuncConn is a connection with a method WriteBuffers that calls a function.
type vectorFuncConn struct {
	ioConn
	f func() (int64, error)
}

func (c vectorFuncConn) WriteBuffers(*net.Buffers) (int64, error) { return c.f() }

// exits are the ways in which a function ends its goroutine, or unwinds its stack.
var exits = map[string]func(){
	"panic":  func() { panic("boom") },
	"Goexit": runtime.Goexit,
}

// recovered runs f in a goroutine and returns the value that it panics with, "Goexit"
// if f ends by that, or nil.
func recovered(f func()) (value any) {
	done := make(chan any)
	go func() {
		value := any("Goexit")
		defer func() {
			if r := recover(); r != nil {
				value = r
			}
			done <- value
		}()
		f()
		value = nil
	}()
	return <-done
}

const interrupted = "framing: an earlier write ended in a panic or runtime.Goexit; part of a frame may have been written"

// A panic or runtime.Goexit in the source of WriteFrom, or in a Write of the wrapped
// connection, passes on. The Conn is unusable afterwards: its error says so, and other
// goroutines that write, before or after, return it. None blocks.
func TestConn_Panics(t *testing.T) {
	large := make([]byte, 20_000)
	for exitName, exit := range exits {
		for _, test := range []struct {
			name   string
			framer framing.Framer
			write  func(c *framing.Conn, src io.Reader) error
			source bool // the source ends the goroutine, else a Write
		}{
			{"WriteFrame", lengthprefix.Uint32(), func(c *framing.Conn, _ io.Reader) error { return c.WriteFrame([]byte("a")) }, false},
			{"WriteFrame, vectored", lengthprefix.Uint32(), func(c *framing.Conn, _ io.Reader) error { return c.WriteFrame(large) }, false},
			{"WriteFrames", lengthprefix.Uint32(), func(c *framing.Conn, _ io.Reader) error { return c.WriteFrames([]byte("a"), large) }, false},
			{"WriteFill", fillNetstring{netstring.New()}, func(c *framing.Conn, _ io.Reader) error { return c.WriteFill([]byte("\n")) }, false},
			{"WriteFrom, its Write", lengthprefix.Uint32(), func(c *framing.Conn, _ io.Reader) error { return c.WriteFrom(zeros(5), 5) }, false},
			{"WriteFrom, a Write in the middle", lengthprefix.Uint32(), func(c *framing.Conn, _ io.Reader) error { return c.WriteFrom(zeros(1<<20), 1<<20) }, false},
			{"WriteFrom, its source", lengthprefix.Uint32(), func(c *framing.Conn, src io.Reader) error { return c.WriteFrom(src, 5) }, true},
			{"WriteFrom, its source in the middle", lengthprefix.Uint32(), func(c *framing.Conn, src io.Reader) error {
				return c.WriteFrom(io.MultiReader(zeros(100_000), src), 1<<20)
			}, true},
			{"WriteFrom, the source of a payload held", cobs.New(), func(c *framing.Conn, src io.Reader) error { return c.WriteFrom(src, 5) }, true},
		} {
			t.Run(exitName+" in "+test.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					release := make(chan bool)
					calls := 0
					ends := func() {
						if calls++; calls > 1 {
							t.Errorf("call %d after the one that ended its goroutine; want none", calls)
						}
						<-release // until others wait
						exit()
					}
					conn := vectorFuncConn{ioConn{Writer: io.Discard}, func() (int64, error) { ends(); return 0, nil }}
					if !test.source {
						conn.Writer = funcWriter(func(p []byte) (int, error) { ends(); return len(p), nil })
					}
					c := framing.NewConn(conn, test.framer)
					value := make(chan any, 1)
					go func() {
						value <- recovered(func() {
							test.write(c, funcReader(func(p []byte) (int, error) { ends(); return len(p), nil }))
						})
					}()
					synctest.Wait()
					errs := make(chan error, 10)
					others := []func() error{
						func() error { return c.WriteFrame([]byte("other")) },
						func() error { return c.WriteFrame(large) },
						func() error { return c.WriteFrames([]byte("other"), []byte("other")) },
						func() error { return c.WriteFrom(zeros(5), 5) },
					}
					for _, write := range others {
						go func() {
							if got := recovered(func() { errs <- write() }); got != nil {
								t.Errorf("a write that waited ended in %v; want an error", got)
							}
						}()
					}
					synctest.Wait()
					if len(errs) > 0 {
						t.Fatalf("a write returned %v while another one writes; want it to wait", <-errs)
					}
					close(release)
					synctest.Wait()
					if len(value) != 1 || len(errs) != len(others) {
						t.Fatalf("%d and %d writes returned; want 1 and %d", len(value), len(errs), len(others))
					}
					want := any("boom")
					if exitName == "Goexit" {
						want = "Goexit"
					}
					if got := <-value; got != want {
						t.Errorf("the call ended in %v; want %v", got, want)
					}
					for range others {
						checkError(t, "a write that waited", <-errs, interrupted)
					}
					for _, write := range others {
						if got := recovered(func() { errs <- write() }); got != nil {
							t.Fatalf("a later write ended in %v; want an error", got)
						}
						checkError(t, "a later write", <-errs, interrupted)
					}
				})
			})
		}
	}
}

// A Writer is unusable after a panic or runtime.Goexit in its source or destination,
// and writes nothing more.
func TestWriter_Panics(t *testing.T) {
	for exitName, exit := range exits {
		for name, write := range map[string]func(w *framing.Writer, src io.Reader) error{
			"Flush": func(w *framing.Writer, _ io.Reader) error { w.WriteFrame([]byte("a")); return w.Flush() },
			"WriteFrame": func(w *framing.Writer, _ io.Reader) error {
				return w.WriteFrame(bytes.Repeat([]byte("x"), 40<<10))
			},
			"WriteFrom, its Write":  func(w *framing.Writer, _ io.Reader) error { return w.WriteFrom(zeros(1<<20), 1<<20) },
			"WriteFrom, its source": func(w *framing.Writer, src io.Reader) error { return w.WriteFrom(src, 5) },
		} {
			t.Run(fmt.Sprint(exitName, " in ", name), func(t *testing.T) {
				calls := 0
				ends := func(p []byte) (int, error) { calls++; exit(); return len(p), nil }
				w := framing.NewWriter(funcWriter(ends), lengthprefix.Uint32())
				want := any("boom")
				if exitName == "Goexit" {
					want = "Goexit"
				}
				if got := recovered(func() { write(w, funcReader(ends)) }); got != want {
					t.Errorf("the call ended in %v; want %v", got, want)
				}
				var errs []error
				if got := recovered(func() {
					errs = []error{w.WriteFrame([]byte("a")), w.WriteFrom(strings.NewReader("a"), 1), w.WriteFill(nil), w.Flush()}
				}); got != nil {
					t.Fatalf("a later call ended in %v; want an error", got)
				}
				for _, err := range errs {
					checkError(t, "a later call", err, interrupted)
				}
				if calls != 1 {
					t.Errorf("%d calls of Read or Write; want 1", calls)
				}
			})
		}
	}
}

// If a Framer panics on one of the payloads of WriteFrames, none of them is written.
func TestConn_WriteFramesPanicsInAppend(t *testing.T) {
	var dst bytes.Buffer
	c := framing.NewConn(ioConn{Writer: &dst}, panickingFramer{lengthprefix.Uint8()})
	func() {
		defer func() { recover() }()
		c.WriteFrames([]byte("first"), []byte("boom"))
	}()
	if err := c.WriteFrame([]byte("later")); err != nil || dst.String() != "\x05later" {
		t.Errorf("WriteFrame() = %v, %q is written; want nil, \"\\x05later\"", err, dst.String())
	}
}

// A panickingFramer panics when it is to append "boom".
type panickingFramer struct{ framing.Framer }

func (f panickingFramer) Append(dst, payload []byte) ([]byte, error) {
	if string(payload) == "boom" {
		panic("boom")
	}
	return f.Framer.Append(dst, payload)
}
