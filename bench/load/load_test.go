package load

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/wholeframe/wholeframe/bench/peers/peer"
)

// serve answers every connection with what answer makes of it, and returns the address.
func serve(t *testing.T, answer func(net.Conn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				answer(conn)
			}()
		}
	}()
	return listener.Addr().String()
}

func honest(conn net.Conn) {
	io.Copy(conn, conn)
}

// lying echoes, but has lie handle the frame with the given number.
func lying(frame, size int, lie func(conn net.Conn, frame []byte)) func(net.Conn) {
	return func(conn net.Conn) {
		buf := make([]byte, size)
		for i := 0; ; i++ {
			if _, err := io.ReadFull(conn, buf); err != nil {
				return
			}
			if i == frame {
				lie(conn, buf)
			} else if _, err := conn.Write(buf); err != nil {
				return
			}
		}
	}
}

func TestHonestServer(t *testing.T) {
	addr := serve(t, honest)
	for _, framing := range []string{peer.Line, peer.Length} {
		for _, shape := range []struct{ size, depth, conns int }{{minSize, 1, 3}, {64, 64, 5}, {64 << 10, 4, 2}} {
			config := Config{Addr: addr, Framing: framing, Size: shape.size, Depth: shape.depth}
			window := Window{
				Conns: shape.conns, Warmup: time.Millisecond, For: 20 * time.Millisecond, PID: os.Getpid(),
			}
			got, err := Measure(config, window)
			if err != nil {
				t.Errorf("%s %+v: %v", framing, shape, err)
				continue
			}
			if got.Frames == 0 || got.Bytes != got.Frames*int64(shape.size) || got.Elapsed < window.For {
				t.Errorf("%s %+v: %+v", framing, shape, got)
			}
			if got.P50 <= 0 || got.P50 > got.P99 || got.P99 > got.P999 {
				t.Errorf("%s %+v: percentiles out of order: %+v", framing, shape, got)
			}
		}
	}
}

func TestLyingServer(t *testing.T) {
	const (
		size  = 100
		frame = size + peer.HeaderSize
	)
	lies := map[string]struct {
		lie  func(conn net.Conn, frame []byte)
		want error
	}{
		"wrong byte":       {func(c net.Conn, f []byte) { f[frame-1] ^= 1; c.Write(f) }, ErrWrong},
		"wrong header":     {func(c net.Conn, f []byte) { f[0] ^= 1; c.Write(f) }, ErrWrong},
		"lost message":     {func(net.Conn, []byte) {}, ErrWrong},
		"torn message":     {func(c net.Conn, f []byte) { c.Write(f[:frame/2]) }, ErrWrong},
		"doubled message":  {func(c net.Conn, f []byte) { c.Write(f); c.Write(f) }, ErrWrong},
		"torn at the end":  {func(c net.Conn, f []byte) { c.Write(f[:frame/2]); c.Close() }, ErrMissing},
		"closed too early": {func(c net.Conn, f []byte) { c.Close() }, ErrMissing},
	}
	for name, l := range lies {
		t.Run(name, func(t *testing.T) {
			config := Config{
				Addr:    serve(t, lying(10, frame, l.lie)),
				Framing: peer.Length, Size: size, Depth: 8, Patience: time.Minute,
			}
			_, err := Measure(config, Window{Conns: 2, For: time.Minute})
			if !errors.Is(err, l.want) {
				t.Errorf("got %v, want %v", err, l.want)
			}
		})
	}
}

func TestLastMessageLost(t *testing.T) {
	const frame = 64 + 1
	addr := serve(t, lying(5, frame, func(net.Conn, []byte) {}))
	clients := open(t, Config{Addr: addr, Framing: peer.Line, Size: 64, Depth: 3, Patience: 50 * time.Millisecond}, 1)
	if err := clients.Exchange(6, 1); !errors.Is(err, ErrMissing) {
		t.Errorf("got %v, want %v", err, ErrMissing)
	}
}

func TestSurplus(t *testing.T) {
	const frame = 64 + 1
	addr := serve(t, func(conn net.Conn) {
		buf := make([]byte, frame)
		io.ReadFull(conn, buf)
		conn.Write(append(buf, 'x'))
		io.Copy(io.Discard, conn)
	})
	clients := open(t, Config{Addr: addr, Framing: peer.Line, Size: 64, Depth: 1}, 1)
	if err := clients.Exchange(1, 1); !errors.Is(err, ErrSurplus) {
		t.Errorf("got %v, want %v", err, ErrSurplus)
	}
}

func TestExchange(t *testing.T) {
	clients := open(t, Config{Addr: serve(t, honest), Framing: peer.Length, Size: 64 << 10, Depth: 4}, 10)
	for _, size := range []int{64 << 10, 64, 1 << 10} {
		if err := clients.Resize(size); err != nil {
			t.Fatal(err)
		}
		if err := clients.Exchange(7, 3); err != nil {
			t.Fatal(err)
		}
	}
	if clients.frames != 3*7*10 {
		t.Errorf("%d frames came back, want %d", clients.frames, 3*7*10)
	}
}

func TestClosed(t *testing.T) {
	hungUp := make(chan struct{})
	addr := serve(t, func(conn net.Conn) {
		buf := make([]byte, 1)
		conn.Read(buf)
		conn.Close()
		hungUp <- struct{}{}
	})
	clients := open(t, Config{Addr: addr, Framing: peer.Line, Size: 64, Depth: 1}, 3)
	if n := clients.Closed(); n != 0 {
		t.Errorf("%d closed at first", n)
	}
	clients.conns[1].quota = 1
	if err := clients.send(&clients.conns[1]); err != nil {
		t.Fatal(err)
	}
	<-hungUp
	if n := clients.Closed(); n != 1 {
		t.Errorf("%d closed, want 1", n)
	}
}

func TestManySources(t *testing.T) {
	sources := make(chan string, 1)
	clients := open(t, Config{
		Addr:    serve(t, func(conn net.Conn) { sources <- conn.RemoteAddr().(*net.TCPAddr).IP.String() }),
		Framing: peer.Line, Size: 64, Depth: 1,
	}, 0)
	for source, want := range []string{"127.0.0.1", "127.0.0.2", "127.0.0.3"} {
		fd, err := clients.connect(source)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(fd)
		if got := <-sources; got != want {
			t.Errorf("source %d is %s, want %s", source, got, want)
		}
	}
}

func open(t *testing.T, config Config, n int) *Clients {
	t.Helper()
	clients, err := NewClients(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { clients.Close() })
	if err := clients.Open(n); err != nil {
		t.Fatal(err)
	}
	return clients
}

func TestScript(t *testing.T) {
	for _, framing := range []string{peer.Line, peer.Length} {
		for _, size := range []int{minSize, 64, 1 << 10, 64 << 10} {
			const depth = 8
			s, err := newScript(framing, size, depth)
			if err != nil {
				t.Fatal(err)
			}
			seen := make(map[string]bool)
			for at := int64(0); at < s.ring; at += s.frame {
				frame := s.at(at, s.frame)
				if seen[string(frame)] {
					t.Fatalf("%s %d: frame %d is there twice", framing, size, at/s.frame)
				}
				seen[string(frame)] = true
				payload := frame[:size]
				if framing == peer.Length {
					payload = frame[peer.HeaderSize:]
					if n := binary.BigEndian.Uint32(frame); int(n) != size {
						t.Fatalf("%s %d: announces %d", framing, size, n)
					}
				} else if frame[size] != '\n' {
					t.Fatalf("%s %d: no line end", framing, size)
				}
				if bytes.ContainsAny(payload, "\r\n") {
					t.Fatalf("%s %d: line end in the payload", framing, size)
				}
			}
			for _, frame := range []int64{0, 1, s.ring/s.frame - 1, s.ring / s.frame} {
				window := s.at(frame*s.frame, depth*s.frame)
				for i := range int64(depth) {
					if !bytes.Equal(window[i*s.frame:][:s.frame], s.at((frame+i)*s.frame, s.frame)) {
						t.Errorf("%s %d: window at %d is not the sequence", framing, size, frame)
					}
				}
			}
		}
	}
}

func TestConfigErrors(t *testing.T) {
	good := Config{Addr: "127.0.0.1:1", Framing: peer.Line, Size: 64, Depth: 1}
	for name, spoil := range map[string]func(*Config){
		"no port":         func(c *Config) { c.Addr = "127.0.0.1" },
		"IPv6":            func(c *Config) { c.Addr = "[::1]:1" },
		"unknown framing": func(c *Config) { c.Framing = "x" },
		"small":           func(c *Config) { c.Size = minSize - 1 },
		"no depth":        func(c *Config) { c.Depth = 0 },
	} {
		bad := good
		spoil(&bad)
		if _, err := NewClients(bad); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// TestLatencies has frames that were sent at two moments come back at once.
func TestLatencies(t *testing.T) {
	clients := open(t, Config{Addr: "127.0.0.1:1", Framing: peer.Line, Size: 64, Depth: 4}, 0)
	type run struct {
		latency time.Duration
		n       int64
	}
	var got []run
	clients.onFrames = func(latency time.Duration, n int64) { got = append(got, run{latency, n}) }
	c := conn{stamps: make([]time.Duration, 4)}
	frame := clients.script.frame
	clients.stamp(&c, frame+1, 0) // frame 0 and the first byte of frame 1
	c.sent = frame + 1
	clients.stamp(&c, 3*frame, time.Hour)
	clients.deliver(&c, 0, 3)
	if len(got) != 2 || got[0].n != 2 || got[1].n != 1 || got[0].latency-got[1].latency != time.Hour {
		t.Errorf("got %v, want two frames, and one that was sent an hour later", got)
	}
}
