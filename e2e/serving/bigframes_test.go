package serving

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
)

var bigFlag = flag.Int64("serving.big", 64<<20, "send frames of this many `bytes` to bigframes")

// mostMemory is what the process may hold, its program included.
const mostMemory = 16 << 20

// A frame passes through the server in both directions at the same time, larger than
// all of its memory.
func TestBigframes(t *testing.T) {
	p := start(t, 1, "bigframes")
	raw := p.dial()
	raw.SetDeadline(time.Now().Add(endless + time.Duration(*bigFlag>>20)*time.Second))
	c := framing.NewConn(raw, lengthprefix.Uint64())
	for _, size := range []int64{0, 1, 64 << 10, 64<<10 + 1, *bigFlag} {
		sent, echoed := sha256.New(), sha256.New()
		writing := make(chan error, 1)
		go func() {
			writing <- c.WriteFrom(io.TeeReader(io.LimitReader(rand.NewChaCha8([32]byte{1}), size), sent), size)
		}()
		have, payload, err := c.NextReader()
		if err != nil || have != size {
			t.Fatalf("NextReader() = %d, %v; want %d", have, err, size)
		}
		n, err := io.Copy(echoed, payload)
		if err != nil || n != size {
			t.Fatalf("%d bytes, %v; want %d", n, err, size)
		}
		if err := <-writing; err != nil {
			t.Fatal(err)
		}
		want := string(sent.Sum(nil))
		if got := string(echoed.Sum(nil)); got != want {
			t.Errorf("what comes back has SHA-256 %x; want %x", got, want)
		}
		if got := readFrames(t, c, 1)[0]; got != want {
			t.Errorf("the server's SHA-256 is %x; want %x", got, want)
		}
	}
	peak := peakMemory(t, p)
	t.Logf("a frame of %d MiB through %d KiB", *bigFlag>>20, peak>>10)
	if peak > mostMemory {
		t.Errorf("the server had %d bytes of memory; want at most %d", peak, int64(mostMemory))
	}
	c.CloseWrite()
	readEnd(t, c)
	p.terminate()
	p.ends()
}

// A frame that has begun when the server closes is answered to its end.
func TestBigframes_SIGTERM(t *testing.T) {
	p := start(t, 1, "bigframes")
	c := framing.NewConn(p.dial(), lengthprefix.Uint64())
	const size = 32 << 20
	rest, feed := io.Pipe()
	writing := make(chan error, 1)
	go func() { writing <- c.WriteFrom(rest, size) }()
	go io.CopyN(feed, rand.NewChaCha8([32]byte{1}), size/2)
	_, payload, err := c.NextReader()
	if err != nil {
		t.Fatal(err)
	}
	// What is left fits into buffers, so the server waits for the second half.
	const early = size/2 - 512<<10
	if _, err := io.CopyN(io.Discard, payload, early); err != nil {
		t.Fatal(err)
	}
	p.terminate()
	for { // until it listens no more
		nc, err := net.Dial("tcp", p.addr())
		if err != nil {
			break
		}
		nc.Close()
	}
	go io.CopyN(feed, rand.NewChaCha8([32]byte{2}), size/2)
	if n, err := io.Copy(io.Discard, payload); err != nil || n != size-early {
		t.Fatalf("%d bytes, %v; want %d", n, err, size-early)
	}
	if err := <-writing; err != nil {
		t.Fatal(err)
	}
	readFrames(t, c, 1)
	readEnd(t, c)
	p.ends()
}

// peakMemory returns the most memory that the program has had, as Linux counts it.
func peakMemory(t *testing.T, p *program) int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(status)
	if m == nil {
		t.Fatalf("no VmHWM in %s", status)
	}
	kib, err := strconv.ParseInt(string(m[1]), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return kib << 10
}
