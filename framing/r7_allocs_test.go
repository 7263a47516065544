package framing_test

import (
	"io"
	"slices"
	"testing"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
)

// Nothing is allocated per frame, read or written, with any Framer.
func TestR7_NoAllocations(t *testing.T) {
	eachFamily(t, func(t *testing.T, f family) {
		var payloads [][]byte
		for _, p := range f.payloads {
			payloads = append(payloads, []byte(p))
		}
		r := framing.NewReader(&repeatReader{data: []byte(f.wire)}, f.framer)
		own := make([]byte, 0, 1<<10)
		b := framing.NewBuffer(f.framer)
		chunk := []byte(f.wire)
		w := framing.NewWriter(io.Discard, f.framer)
		c := framing.NewConn(ioConn{Reader: &repeatReader{data: []byte(f.wire)}, Writer: io.Discard}, f.framer)
		for _, test := range []struct {
			name string
			run  func() error
		}{
			{"Reader.ReadFrame", func() error {
				_, err := r.ReadFrame()
				return err
			}},
			{"Reader.AppendPayload", func() error {
				_, err := r.AppendPayload(own)
				return err
			}},
			{"Buffer.Next", func() error {
				b.Write(chunk)
				for {
					if _, ok, err := b.Next(); !ok || err != nil {
						return err
					}
				}
			}},
			{"Writer.WriteFrame", func() error {
				for _, p := range payloads {
					if err := w.WriteFrame(p); err != nil {
						return err
					}
				}
				return w.Flush()
			}},
			{"Conn.ReadFrame", func() error {
				_, err := c.ReadFrame()
				return err
			}},
			{"Conn.WriteFrame", func() error {
				for _, p := range payloads {
					if err := c.WriteFrame(p); err != nil {
						return err
					}
				}
				return nil
			}},
			{"Conn.WriteFrames", func() error { return c.WriteFrames(payloads...) }},
		} {
			checkNoAllocations(t, test.name, test.run)
		}
	})
}

// checkNoAllocations fails the test if run allocates, after its first calls.
func checkNoAllocations(t *testing.T, name string, run func() error) {
	t.Helper()
	for range 100 {
		if err := run(); err != nil {
			t.Fatalf("%s: error %v; want nil", name, err)
		}
	}
	if n := testing.AllocsPerRun(200, func() { run() }); n != 0 {
		t.Errorf("%s: %v allocations; want 0", name, n)
	}
}

// A frame that is rejected and skipped allocates its error and nothing else.
func TestR7_SkippingAllocatesTheErrorOnly(t *testing.T) {
	eachFamily(t, func(t *testing.T, f family) {
		r := framing.NewReader(&repeatReader{data: []byte(f.wire)}, f.framer)
		r.SetMaxPayload(0)
		for range 100 {
			r.ReadFrame()
		}
		if n := testing.AllocsPerRun(200, func() { r.ReadFrame() }); n > 2 {
			t.Errorf("ReadFrame(): %v allocations; want at most 2", n)
		}
	})
}

// Nor is anything allocated for a vectored write on a real connection.
func TestR7_VectoredWrites(t *testing.T) {
	client, server := loopback(t)
	go io.Copy(io.Discard, server)
	payload := slices.Repeat([]byte("x"), 64<<10)
	for _, f := range []framing.Framer{lengthprefix.Uint32(), delimiter.Line(), delimiter.CRLF()} {
		w := framing.NewWriter(client, f)
		checkNoAllocations(t, "Writer.WriteFrame", func() error { return w.WriteFrame(payload) })
		c := framing.NewConn(client, f)
		checkNoAllocations(t, "Conn.WriteFrame", func() error { return c.WriteFrame(payload) })
	}
}
