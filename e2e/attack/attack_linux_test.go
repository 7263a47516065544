package attack

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

var conns = flag.Int("attack.conns", 2000, "connections of T4")

var echo string // the command

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "attack")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	echo = filepath.Join(dir, "echo")
	build := exec.Command("go", "build", "-o", echo, "./cmd/echo")
	build.Dir = "../.."
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%v: %s", err, out)
		return 1
	}
	code := m.Run()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// patient is when a test that waits gives up, and fails.
const patient = time.Minute

// A target is the command as it runs.
type target struct {
	t    *testing.T
	pid  int
	addr string
}

// attackOn starts the command, under a limit of descriptors if it is not 0.
func attackOn(t *testing.T, descriptors int, args ...string) *target {
	t.Helper()
	args = append([]string{echo, "-addr", "127.0.0.1:0", "-framing", "length"}, args...)
	if descriptors > 0 {
		args = append([]string{"sh", "-c", fmt.Sprintf(`ulimit -n %d; exec "$@"`, descriptors), "sh"}, args...)
	}
	cmd := exec.Command(args[0], args[1:]...)
	out, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	log := bufio.NewReader(out)
	first, _ := log.ReadString('\n')
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		io.Copy(io.Discard, log)
	}()
	t.Cleanup(func() {
		cmd.Process.Kill()
		<-drained
		cmd.Wait()
	})
	m := regexp.MustCompile(`msg=listening addr=(\S+) `).FindStringSubmatch(first)
	if m == nil {
		t.Fatalf("the server says %q", first)
	}
	return &target{t, cmd.Process.Pid, m[1]}
}

// dial returns a connection to the server.
func (s *target) dial() *net.TCPConn {
	s.t.Helper()
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(patient))
	return c.(*net.TCPConn)
}

// send dials n connections that send b and stay.
func (s *target) send(n int, b []byte) []*net.TCPConn {
	s.t.Helper()
	all := make([]*net.TCPConn, n)
	for i := range all {
		all[i] = s.dial()
		if _, err := all[i].Write(b); err != nil {
			s.t.Fatal(err)
		}
	}
	return all
}

// resident returns the server's resident memory in KiB.
func (s *target) resident() (kib int) {
	s.t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.pid))
	if err != nil {
		s.t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	if _, err := fmt.Sscan(rest, &kib); err != nil {
		s.t.Fatal(err)
	}
	return kib
}

// cpu returns the processor time that the server has used.
func (s *target) cpu() time.Duration {
	s.t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.pid))
	if err != nil {
		s.t.Fatal(err)
	}
	// Fields 14 and 15, counted behind the name, which ends at the last ).
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	var user, system int
	fmt.Sscan(fields[11], &user)
	fmt.Sscan(fields[12], &system)
	return time.Duration(user+system) * time.Second / 100 // USER_HZ
}

// descriptors returns how many the server has open.
func (s *target) descriptors() int {
	fds, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", s.pid))
	if err != nil {
		s.t.Fatal(err)
	}
	return len(fds)
}

// until waits for what no connection of the test can tell.
func (s *target) until(what string, done func() bool) {
	s.t.Helper()
	for end := time.Now().Add(patient); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatalf("in vain for %s", what)
		}
	}
}

// frame returns payload behind its length.
func frame(payload string) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(payload))), payload...)
}

// ask sends one message and wants it back.
func ask(c net.Conn, payload string) error {
	f := frame(payload)
	if _, err := c.Write(f); err != nil {
		return err
	}
	got := make([]byte, len(f))
	if _, err := io.ReadFull(c, got); err != nil {
		return err
	}
	if !bytes.Equal(got, f) {
		return fmt.Errorf("%q came back for %q", got, f)
	}
	return nil
}

// rounds is how many messages the good client sends for a p99.
const rounds = 2000

// p99 returns the 99th percentile of the good client's round trips.
func (s *target) p99(c net.Conn) time.Duration {
	s.t.Helper()
	took := make([]time.Duration, rounds)
	for i := range took {
		start := time.Now()
		if err := ask(c, fmt.Sprintf("message %08d", i)); err != nil {
			s.t.Fatalf("the good client: %v", err)
		}
		took[i] = time.Since(start)
	}
	slices.Sort(took)
	return took[rounds*99/100]
}

// beside measures the good client before and in the attack, and prints how they
// compare. Only a ratio far beyond what a busy machine makes is a failure.
func (s *target) beside(attack func()) {
	s.t.Helper()
	c := s.dial()
	quiet := s.p99(c)
	attack()
	attacked := s.p99(c)
	ratio := float64(attacked) / float64(quiet)
	s.t.Logf("good client: p99 %v quiet, %v attacked, ratio %.2f", quiet, attacked, ratio)
	if ratio > 20 {
		s.t.Errorf("the good client's p99 is %.1f times what it was", ratio)
	}
}

// wantEnd wants the end of the stream, or a reset, and nothing before it.
func wantEnd(t *testing.T, c net.Conn) {
	t.Helper()
	if n, err := io.Copy(io.Discard, c); n != 0 || err != nil && !errors.Is(err, syscall.ECONNRESET) {
		t.Fatalf("%d bytes, %v", n, err)
	}
}

// T1: a thousand half frames are held, and end by the frame timeout.
func TestT1_HalfFrames(t *testing.T) {
	s := attackOn(t, 0, "-frame-timeout", "4s")
	var all []*net.TCPConn
	s.beside(func() { all = s.send(1000, frame("half a frame")[:9]) })
	for _, c := range all {
		wantEnd(t, c)
	}
	t.Logf("%d half frames held, every one ended", len(all))
}

// T2: who sends one byte at a time gets the answer, and harms nobody.
func TestT2_OneByteAtATime(t *testing.T) {
	s := attackOn(t, 0)
	f := frame(strings.Repeat("drip", 250))
	const drips = 4
	stop := make(chan struct{})
	var drip sync.WaitGroup
	var sent atomic.Int64
	s.beside(func() {
		for _, c := range s.send(drips, nil) {
			drip.Go(func() {
				for {
					for i := range f {
						if _, err := c.Write(f[i : i+1]); err != nil {
							t.Error(err)
							return
						}
					}
					got := make([]byte, len(f))
					if _, err := io.ReadFull(c, got); err != nil || !bytes.Equal(got, f) {
						t.Errorf("not what was sent: %v", err)
						return
					}
					sent.Add(1)
					select {
					case <-stop:
						return
					default:
					}
				}
			})
		}
	})
	close(stop)
	drip.Wait()
	t.Logf("%d frames of %d bytes came byte by byte on %d connections, all came back", sent.Load(), len(f), drips)
}

// T3: a length that is too large ends the connection at the header.
func TestT3_LengthBombs(t *testing.T) {
	for _, width := range []int{4, 8} {
		for _, order := range []string{"big", "little"} {
			t.Run(fmt.Sprintf("%d,%s", width, order), func(t *testing.T) {
				s := attackOn(t, 0, "-framing", fmt.Sprintf("length,width=%d,order=%s", width, order))
				before, n := s.resident(), 0
				for _, v := range []uint64{1<<20 + 1, 1<<31 - 1, 1 << 31, 1<<32 - 1, 1 << 32, 1<<63 - 1, 1 << 63, 1<<64 - 1} {
					if width == 4 && v > 1<<32-1 {
						continue
					}
					b := make([]byte, 8)
					if order == "big" {
						binary.BigEndian.PutUint64(b, v<<(64-8*width))
					} else {
						binary.LittleEndian.PutUint64(b, v)
					}
					all := s.send(50, b[:width])
					for _, c := range all {
						wantEnd(t, c)
						c.Close()
					}
					n += len(all)
				}
				grown := s.resident() - before
				t.Logf("%d length bombs refused, %d KiB of resident memory more", n, grown)
				if grown > 64<<10 {
					t.Errorf("%d KiB for %d length bombs", grown, n)
				}
			})
		}
	}
}

// T4: memory grows with what arrives, not with what is announced.
func TestT4_AnnouncedNotSent(t *testing.T) {
	s := attackOn(t, 0, "-max-conns", "-1", "-frame-timeout", "-1s")
	before := s.resident()
	s.beside(func() {
		s.send(*conns, append(binary.BigEndian.AppendUint32(nil, 1<<20), 'x'))
		s.until("the connections", func() bool { return s.descriptors() > *conns })
	})
	each := float64(s.resident()-before) / float64(*conns)
	t.Logf("%d connections announced 1 MiB: %.1f KiB of resident memory each", *conns, each)
	if each > 64 {
		t.Errorf("%.1f KiB each", each)
	}
}

// T5: who sends and never reads costs what the kernel's buffers hold, and is
// closed when the write timeout is over; a slow reader stays.
func TestT5_NeverReads(t *testing.T) {
	s := attackOn(t, 0, "-write-timeout", "3s")
	before := s.resident()
	message := frame(strings.Repeat("x", 64<<10))
	var flood sync.WaitGroup
	var ended atomic.Int64
	s.beside(func() {
		for _, c := range s.send(100, nil) {
			c.SetReadBuffer(4 << 10)
			flood.Go(func() {
				for {
					if _, err := c.Write(message); err != nil {
						if errors.Is(err, os.ErrDeadlineExceeded) {
							t.Error("never closed")
						}
						ended.Add(1)
						return
					}
				}
			})
		}
	})
	grown := s.resident() - before
	flood.Wait()
	t.Logf("%d clients that never read were closed, %d KiB of resident memory each", ended.Load(), grown/100)
	if grown > 100*1024 {
		t.Errorf("%d KiB for 100 clients", grown)
	}
}

// T6: without descriptors the server rests, serves whom it has, and accepts
// again when there are some.
func TestT6_NoDescriptors(t *testing.T) {
	const limit = 64
	s := attackOn(t, limit, "-max-conns", "-1")
	old := s.dial()
	if err := ask(old, "before"); err != nil {
		t.Fatal(err)
	}
	all := s.send(2*limit, nil)
	s.until("the limit", func() bool { return s.descriptors() >= limit })
	used, start := s.cpu(), time.Now()
	time.Sleep(2 * time.Second) // the time over which the processor's is measured
	busy := float64(s.cpu()-used) / float64(time.Since(start))
	t.Logf("at the limit of %d descriptors the server uses %.1f %% of a processor", limit, 100*busy)
	if busy > 0.2 {
		t.Errorf("it is busy with nothing to do")
	}
	if err := ask(old, "during"); err != nil {
		t.Fatalf("an old connection: %v", err)
	}
	for _, c := range all {
		c.Close()
	}
	if err := ask(s.dial(), "after"); err != nil {
		t.Fatalf("a new connection: %v", err)
	}
}

// T7: never more than MaxConns; who waits is served when others leave.
func TestT7_Flood(t *testing.T) {
	const limit, n = 20, 400
	s := attackOn(t, 0, "-max-conns", fmt.Sprint(limit))
	idle := s.descriptors()
	var most atomic.Int64
	stop := make(chan struct{})
	var watch, flood sync.WaitGroup
	watch.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				most.Store(max(most.Load(), int64(s.descriptors()-idle)))
			}
		}
	})
	for i, c := range s.send(n, nil) {
		flood.Go(func() {
			defer c.Close()
			if err := ask(c, fmt.Sprint(i)); err != nil {
				t.Error(err)
			}
		})
	}
	flood.Wait()
	close(stop)
	watch.Wait()
	t.Logf("%d connections came, all were served, at most %d at a time", n, most.Load())
	// The network poller has descriptors of its own from the first one on.
	if most.Load() > limit+4 {
		t.Errorf("%d at a time, not %d", most.Load(), limit)
	}
}

// T11: a half-close and a reset behind it end the connection.
func TestT11_HalfCloseThenReset(t *testing.T) {
	s := attackOn(t, 0)
	if err := ask(s.dial(), "warm"); err != nil {
		t.Fatal(err)
	}
	before := s.descriptors()
	for _, c := range s.send(200, frame("half")[:6]) {
		c.CloseWrite()
		c.SetLinger(0)
		c.Close()
	}
	s.until("the end of every connection", func() bool { return s.descriptors() <= before })
}

// T20: one that floods with empty frames does not starve fifty others.
func TestT20_EmptyFrames(t *testing.T) {
	s := attackOn(t, 0)
	others := s.send(50, nil)
	var flooder *net.TCPConn
	var flood sync.WaitGroup
	var sent atomic.Int64
	s.beside(func() {
		flooder = s.dial()
		empty := make([]byte, 64<<10)
		flood.Go(func() { io.Copy(io.Discard, flooder) })
		flood.Go(func() {
			for {
				n, err := flooder.Write(empty)
				sent.Add(int64(n / 4))
				if err != nil {
					return
				}
			}
		})
	})
	for i, c := range others {
		if err := ask(c, fmt.Sprint(i)); err != nil {
			t.Errorf("client %d of 50: %v", i, err)
		}
	}
	flooder.Close()
	flood.Wait()
	t.Logf("%d empty frames sent, %d others answered", sent.Load(), len(others))
}
