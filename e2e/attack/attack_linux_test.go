package attack

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/pem"
	"flag"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

var conns = flag.Int("attack.conns", 2000, "connections of T4")

// messages is how many the good client sends for a p99.
const messages = 2000

// T1: a thousand half frames are held, and end by the frame timeout.
func TestT1_HalfFrames(t *testing.T) {
	const n = 1000
	s := attackOn(t, "-framing", "length", "-frame-timeout", "4s")
	var all []*net.TCPConn
	good := s.beside(1, messages, func() { all = s.send(n, frame("half a frame")[:9]) })
	for _, c := range all {
		wantEnd(t, c)
	}
	s.until("all to end by the frame timeout", func() bool { return s.ended("frame_timeout") == n })
	t.Logf("T1: %d half frames held, all ended by the frame timeout; %s", n, good)
	if good.far() {
		t.Error("the good client suffers")
	}
}

// T2: who sends one byte at a time gets the answer, and harms nobody. What it
// costs to read on does not depend on the length of the frame, though every
// byte of these may begin one of two delimiters. It is counted for each read, for how
// many bytes one of them finds depends on how busy the machine is.
func TestT2_OneByteAtATime(t *testing.T) {
	s := attackOn(t, "-framing", "delimiter,text=--end--,text=--fin--", "-frame-timeout", "-1s")
	const total = 256 << 10
	cost := func(size int) (each time.Duration, reads int) {
		message := []byte(strings.Repeat("-", size-len("--end--")) + "--end--")
		used, before := s.cpu(), s.reads()
		a := (&attacker{conns: 1, message: message, piece: 1, times: total / size}).command(s)
		if err := a.Run(); err != nil {
			t.Fatalf("%v: %v", err, a.Stderr)
		}
		reads = s.reads() - before
		return (s.cpu() - used) / time.Duration(reads), reads
	}
	short, shorts := cost(4 << 10)
	long, longs := cost(256 << 10)
	ratio := float64(long) / float64(short)
	t.Logf("T2: %d bytes sent one at a time: %v of processor time for each of %d reads in frames of 4 KiB, %v for %d in frames of 256 KiB, ratio %.1f", total, short, shorts, long, longs, ratio)
	if ratio > 3 {
		t.Errorf("a read in a long frame costs %.1f times one in a short frame", ratio)
	}

	const drippers = 20
	s = attackOn(t, "-framing", "length")
	a := (&attacker{conns: drippers, message: frame(strings.Repeat("drip", 1000)), piece: 1}).command(s)
	good := s.beside(1, messages, func() {
		if err := a.Start(); err != nil {
			t.Fatal(err)
		}
		s.until("the drippers", func() bool { return s.count(`wholeframe_frames_total{direction="in"}`) > messages+drippers })
	})
	a.Process.Kill()
	a.Wait()
	t.Logf("T2: %d connections sent one byte at a time; %s", drippers, good)
}

// T3: a length that is too large ends the connection at the header, with one
// warning that tells it. One that is not is served.
func TestT3_LengthBombs(t *testing.T) {
	const limit, each = 100, 60
	bombs, grown := 0, 0
	for width := 1; width <= 8; width++ {
		for _, order := range []string{"big", "little"} {
			s := attackOn(t, "-framing", fmt.Sprintf("length,width=%d,order=%s", width, order), "-max-payload", fmt.Sprint(limit))
			header := func(v uint64) []byte {
				b := make([]byte, 8)
				if order == "big" {
					binary.BigEndian.PutUint64(b, v<<(64-8*width))
				} else {
					binary.LittleEndian.PutUint64(b, v)
				}
				return b[:width]
			}
			for _, size := range []uint64{limit - 1, limit} {
				c := s.dial()
				if err := ask(c, append(header(size), bytes.Repeat([]byte{'x'}, int(size))...)); err != nil {
					t.Errorf("width %d, %s: %d bytes: %v", width, order, size, err)
				}
				c.Close()
			}
			before, n := s.resident(), 0
			for _, size := range []uint64{limit + 1, 1<<8 - 1, 1<<16 - 1, 1<<31 - 1, 1 << 31, 1<<32 - 1, 1 << 32, 1<<63 - 1, 1 << 63, 1<<64 - 1} {
				if size > 1<<(8*width)-1 {
					continue
				}
				wantEnd(t, s.send(1, header(size))[0])
				n++
				s.says(fmt.Sprintf(`level=WARN msg="connection broke the framing" remote=\S+ err="framing: frame at offset 0: payload of (%d) bytes exceeds the limit of %d bytes\b`, size, limit))
				if got := strings.Count(s.log.text(), "broke the framing"); got != n {
					t.Errorf("width %d, %s: %d warnings for %d length bombs", width, order, got, n)
				}
			}
			for _, c := range s.send(each, header(1<<(8*width)-1)) {
				wantEnd(t, c)
				n++
			}
			s.until("all to end", func() bool { return s.open() == 0 })
			if got := s.ended("too_large"); got != n {
				t.Errorf("width %d, %s: %d of %d were too large", width, order, got, n)
			}
			bombs, grown = bombs+n, max(grown, s.resident()-before)
		}
	}
	t.Logf("T3: %d length bombs of widths 1 to 8 refused at the header, %d KiB of resident memory more in a server at most", bombs, grown)
	if grown > 64<<10 {
		t.Errorf("%d KiB for length bombs", grown)
	}
}

// T4: memory grows with what arrives, not with what is announced.
func TestT4_AnnouncedNotSent(t *testing.T) {
	s := attackOn(t, "-framing", "length", "-max-conns", "-1", "-frame-timeout", "-1s")
	const heap = "go_memstats_heap_inuse_bytes " // what is not resident yet counts too
	heapBefore, before := s.count(heap), s.resident()
	good := s.beside(1, messages, func() {
		s.send(*conns, append(binary.BigEndian.AppendUint32(nil, 1<<20), bytes.Repeat([]byte{'x'}, 1<<10)...))
		s.until("what they sent", func() bool {
			return s.count(`wholeframe_bytes_total{direction="in"}`) >= *conns*(4+1<<10)
		})
	})
	each := func(kib int) float64 { return float64(kib) / float64(*conns) }
	inUse := each((s.count(heap) - heapBefore) / 1024)
	t.Logf("T4: %d connections announced 1 MiB and sent 1 KiB, %.1f KiB of heap and %.1f KiB of resident memory each; %v", *conns, inUse, each(s.resident()-before), good)
	if inUse > 64 {
		t.Errorf("%.1f KiB of heap each", inUse)
	}
	if good.far() {
		t.Error("the good client suffers")
	}
}

// T5: who sends and never reads costs what the kernel's buffers hold, and is
// closed when the write timeout is over; who reads 1 KiB a second stays.
func TestT5_NeverReads(t *testing.T) {
	const n = 100
	s := attackOn(t, "-framing", "length", "-write-timeout", "3s")
	before := s.resident()
	message := frame(strings.Repeat("x", 64<<10))

	// The window of who reads slowly must be small, and from the beginning: its
	// system acknowledges only when it has room for a window.
	small := net.Dialer{Control: func(_, _ string, raw syscall.RawConn) (err error) {
		raw.Control(func(fd uintptr) { err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 1) }) // the least there is
		return err
	}}
	slow, err := small.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	var writer sync.WaitGroup
	writer.Go(func() { (&attacker{message: message, piece: len(message)}).send(slow) })
	defer writer.Wait()
	defer slow.Close()

	deaf := (&attacker{conns: n, message: message, piece: len(message), deaf: true}).command(s)
	good := s.beside(1, messages, func() {
		if err := deaf.Start(); err != nil {
			t.Fatal(err)
		}
		s.until("them all", func() bool { return s.accepted() == n+2 })
	})
	grown := (s.resident() - before) / n
	closed := make(chan error, 1)
	go func() { closed <- deaf.Wait() }()

	read := 0
	sips := time.NewTicker(time.Second / 4)
	defer sips.Stop()
	for begin, over := time.Now(), false; !over || time.Since(begin) < 7*time.Second; {
		select {
		case err := <-closed:
			if err != nil {
				t.Fatalf("%v: %v", err, deaf.Stderr)
			}
			over = true
		case <-sips.C:
			slow.SetReadDeadline(time.Now().Add(patient))
			m, err := slow.Read(make([]byte, 256))
			if err != nil {
				t.Fatalf("after %d bytes the slow reader ends: %v", read, err)
			}
			read += m
		}
		if time.Since(begin) > patient {
			t.Fatal("not all that never read were closed")
		}
	}
	if got, open := s.ended("write_timeout"), s.open(); got != n || open != 2 {
		t.Errorf("%d ended by the write timeout, %d are open", got, open)
	}
	t.Logf("T5: %d clients that never read closed by the write timeout, %d KiB of resident memory each, one that read %d bytes at 1 KiB/s stays; %s", n, grown, read, good)
	if good.far() {
		t.Error("the good client suffers")
	}
	if grown > 1024 {
		t.Errorf("%d KiB for each", grown)
	}
}

// T6: without descriptors the server rests, serves whom it has, refuses others when
// that lasts, and accepts again when there are some.
func TestT6_NoDescriptors(t *testing.T) {
	const limit = 64
	s := start(t, []string{"sh", "-c", fmt.Sprintf(`ulimit -n %d; exec "$@"`, limit), "sh", echo, "-framing", "length", "-max-conns", "-1"})
	old := s.dial()
	if err := ask(old, frame("before")); err != nil {
		t.Fatal(err)
	}
	all := s.send(2*limit, nil)
	s.until("the limit", func() bool { return s.descriptors() >= limit })
	used, begin := s.cpu(), time.Now()
	time.Sleep(2 * time.Second) // the time over which the processor's is measured
	busy := 100 * float64(s.cpu()-used) / float64(time.Since(begin))
	if busy > 20 {
		t.Errorf("the server uses %.1f %% of a processor", busy)
	}
	if err := ask(old, frame("during")); err != nil {
		t.Fatalf("an old connection: %v", err)
	}
	// The shortage has lasted: who waits in the accept queue is refused, with the
	// descriptor in reserve.
	s.until("the refusals", func() bool { return s.count(`wholeframe_connections_ended_total{reason="refused"}`) >= limit })
	if err := ask(old, frame("refusing")); err != nil {
		t.Fatalf("an old connection: %v", err)
	}
	for _, c := range all {
		c.Close()
	}
	s.until("free descriptors", func() bool { return s.descriptors() < limit/2 }) // else it is refused, too
	if err := ask(s.dial(), frame("after")); err != nil {
		t.Fatalf("a new connection: %v", err)
	}
	failures := s.count("wholeframe_accept_errors_total ")
	if failures == 0 {
		t.Error("it never failed to accept")
	}
	t.Logf("T6: at the limit of %d descriptors accept failed %d times, the server used %.1f %% of a processor, an old connection was answered, and a new one when there were descriptors", limit, failures, busy)
}

// T7: never more than MaxConns; who waits is served when others leave.
func TestT7_Flood(t *testing.T) {
	const limit, n = 20, 400
	s := attackOn(t, "-framing", "length", "-max-conns", fmt.Sprint(limit))
	all := s.send(n, nil)
	for i, c := range all[:limit] {
		if err := ask(c, frame(fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
	}
	if got := s.accepted(); got != limit {
		t.Errorf("%d were accepted while none left, not %d", got, limit)
	}
	var clients sync.WaitGroup
	for i, c := range all {
		clients.Go(func() {
			defer c.Close()
			if err := ask(c, frame(fmt.Sprint(i))); err != nil {
				t.Errorf("client %d of %d: %v", i, n, err)
			}
		})
	}
	most := 0 // the server's own count, which it takes under its lock
	s.until("the end of all", func() bool {
		most = max(most, s.open())
		return s.accepted() == n && s.open() == 0
	})
	clients.Wait()
	t.Logf("T7: %d connections came, all were served, at most %d at a time, %d being allowed", n, most, limit)
	if most > limit {
		t.Errorf("%d at a time, not %d", most, limit)
	}
}

// T11: a half-close and a reset after it end the connection.
func TestT11_HalfCloseThenReset(t *testing.T) {
	const n = 200
	s := attackOn(t, "-framing", "length")
	for _, c := range s.send(n, frame("half")[:6]) {
		c.CloseWrite()
		c.SetLinger(0)
		c.Close()
	}
	s.until("the end of all", func() bool { return s.accepted() == n && s.open() == 0 })
	t.Logf("T11: %d connections half-closed and reset, all ended", n)
}

// T12: a TLS handshake that stalls, or is none, keeps nobody else from
// connecting, and ends.
func TestT12_Handshake(t *testing.T) {
	const n = 100 // of each kind
	cert, key, config := certificate(t)
	s := attackOn(t, "-framing", "length", "-tls-cert", cert, "-tls-key", key)
	s.tls = config
	var stalled, plain []*net.TCPConn
	good := s.beside(1, messages, func() {
		stalled = append(s.send(n, nil), s.send(n, []byte("\x16\x03\x01\x02\x00\x01\x00"))...)
		plain = s.send(n, frame("not a hello"))
	})
	late := tls.Client(s.dial(), s.tls)
	if err := ask(late, frame("hello")); err != nil {
		t.Errorf("who connects while the handshakes stall: %v", err)
	}
	for _, c := range stalled {
		wantEnd(t, c)
	}
	for _, c := range plain {
		if _, err := io.Copy(io.Discard, c); isTimeout(err) { // an alert may come
			t.Fatal(err)
		}
	}
	s.until("all to end by their handshakes", func() bool { return s.ended("handshake") == 3*n })
	t.Logf("T12: %d handshakes stalled and %d plaintexts sent to TLS, all ended; %s", 2*n, n, good)
	if good.far() {
		t.Error("the good client suffers")
	}
}

// certificate returns the files of a certificate and its key, and what a client
// needs to trust it.
func certificate(t *testing.T) (cert, key string, client *tls.Config) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		DNSNames:     []string{"localhost"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
	}
	public, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(public)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, kind string, der []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return write("cert.pem", "CERTIFICATE", public), write("key.pem", "PRIVATE KEY", secret), &tls.Config{RootCAs: roots, ServerName: "localhost"}
}

// T20: one that floods with empty frames does not starve fifty others.
func TestT20_EmptyFrames(t *testing.T) {
	const others, each = 50, 40
	s := attackOn(t, "-framing", "length")
	flooder := (&attacker{conns: 1, message: make([]byte, 64<<10), piece: 64 << 10}).command(s)
	const in = `wholeframe_frames_total{direction="in"}`
	before := 0
	good := s.beside(others, each, func() {
		if err := flooder.Start(); err != nil {
			t.Fatal(err)
		}
		before = s.count(in)
		s.until("the flood", func() bool { return s.count(in) > before+1<<16 })
	})
	flooder.Process.Kill()
	flooder.Wait()
	s.until("the others alone", func() bool { return s.open() == others })
	t.Logf("T20: %d empty frames from one connection, all %d others answered; %s", s.count(in)-before, others, good)
}
