package e2e

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
)

// A listening is a program that has said where it listens.
type listening struct {
	*exec.Cmd
	addr   string
	stderr *bufio.Reader
}

// listen starts framecat -listen on a free port.
func listen(t testing.TB, framecat string, args ...string) *listening {
	t.Helper()
	cmd := exec.Command(framecat, append([]string{"-listen", "127.0.0.1:0"}, args...)...)
	pipe, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	stderr := bufio.NewReader(pipe)
	line, err := stderr.ReadString('\n')
	addr, ok := strings.CutPrefix(strings.TrimSpace(line), "framecat: listening on ")
	if !ok {
		t.Fatalf("framecat -listen says %q, %v", line, err)
	}
	return &listening{cmd, addr, stderr}
}

// peak returns the most memory that a process has had, in bytes.
func peak(t testing.TB, pid int) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	kib, err := strconv.Atoi(string(regexp.MustCompile(`VmHWM:\s*(\d+) kB`).FindSubmatch(status)[1]))
	if err != nil {
		t.Fatal(err)
	}
	return kib << 10
}

func listenTCP(t testing.TB) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// A server that does not read holds up the client of a bridge, which keeps no more
// than its buffers; nothing is lost when the server reads at last.
func TestFramecat_BridgeBackPressure(t *testing.T) {
	sink := listenTCP(t)
	bridge := listen(t, build(t, "framecat"), "-quiet", "-framing=line", "-to", sink.Addr().String(), "-to-framing=length")
	client, err := net.Dial("tcp", bridge.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	server, err := sink.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	const messages = 1 << 17 // of 1 KiB: more than sockets hold
	line := append(bytes.Repeat([]byte("m"), 1023), '\n')
	sent := make(chan error, 1)
	go func() {
		w := bufio.NewWriter(client)
		for range messages {
			w.Write(line)
		}
		sent <- w.Flush()
		client.(*net.TCPConn).CloseWrite()
	}()
	r := framing.NewReader(server, lengthprefix.Uint32())
	got := 0
	for payload, err := range r.Frames() {
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(payload, line[:1023]) {
			t.Fatalf("message %d is %d bytes", got, len(payload))
		}
		if got++; got == 1 {
			select {
			case err := <-sent:
				t.Fatalf("a server that does not read did not hold up its client: %v", err)
			default:
			}
		}
	}
	if err := <-sent; err != nil || got != messages {
		t.Errorf("%d messages have arrived, %v; want %d", got, err, messages)
	}
	if most := peak(t, bridge.Process.Pid); most > 64<<20 {
		t.Errorf("the bridge had %d bytes of memory", most)
	}
}

// However long a stream is, and whatever it announces, a listener, a proxy and a
// bridge hold no more than a message within the limit.
func TestFramecat_ListenMemory(t *testing.T) {
	framecat := build(t, "framecat")
	sink := listenTCP(t)
	go func() {
		for {
			c, err := sink.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				io.Copy(io.Discard, c)
			}()
		}
	}()
	for _, mode := range []string{"-to " + sink.Addr().String(), "-to-framing=netstring -to " + sink.Addr().String(), "-echo"} {
		for _, stream := range []struct {
			framing, head, body string
			size                int
		}{
			{"line", "", "m", 64 << 20},                   // a message that never ends
			{"line", "", "\n", 2 << 20},                   // very small ones
			{"length", "\x7f\xff\xff\x00", "m", 64 << 20}, // a huge one is announced
			{"netstring", "x", "m", 64 << 20},             // no message at all
		} {
			l := listen(t, framecat, append(strings.Fields(mode), "-quiet", "-framing="+stream.framing)...)
			go io.Copy(io.Discard, l.stderr)
			c, err := net.Dial("tcp", l.addr)
			if err != nil {
				t.Fatal(err)
			}
			go io.Copy(io.Discard, c)
			io.WriteString(c, stream.head)
			chunk := bytes.Repeat([]byte(stream.body), 1<<16)
			for sent := 0; sent < stream.size && err == nil; sent += len(chunk) { // a server may end it
				_, err = c.Write(chunk)
			}
			most := peak(t, l.Process.Pid)
			t.Logf("%s, %s %q%q...: %d KiB of memory", mode, stream.framing, stream.head, stream.body, most>>10)
			if most > 48<<20 {
				t.Error("too much")
			}
			c.Close()
			l.Process.Kill()
			l.Wait()
		}
	}
}

// BenchmarkBridge passes messages of 1 KiB through a bridge from lines to lengths,
// and as a comparison the same bytes through socat:
//
//	go test -run='^$' -bench=Bridge -benchtime=1048576x
func BenchmarkBridge(b *testing.B) {
	line := append(bytes.Repeat([]byte("m"), 1023), '\n')
	pass := func(b *testing.B, sink net.Listener, addr string) {
		client, err := net.Dial("tcp", addr)
		for end := time.Now().Add(10 * time.Second); err != nil && time.Now().Before(end); {
			client, err = net.Dial("tcp", addr) // socat does not say when it listens
		}
		if err != nil {
			b.Fatal(err)
		}
		defer client.Close()
		server, err := sink.Accept()
		if err != nil {
			b.Fatal(err)
		}
		defer server.Close()
		b.SetBytes(int64(len(line)))
		b.ResetTimer()
		go func() {
			w := bufio.NewWriterSize(client, 1<<16)
			for range b.N {
				w.Write(line)
			}
			w.Flush()
			client.(*net.TCPConn).CloseWrite()
		}()
		n, err := io.CopyBuffer(io.Discard, struct{ io.Reader }{server}, make([]byte, 1<<16))
		if err != nil || n < int64(b.N)*1024 {
			b.Fatalf("%d bytes have arrived, %v", n, err)
		}
	}
	framecat := func() string {
		path := b.TempDir() + "/framecat"
		cmd := exec.Command("go", "build", "-o", path, "./cmd/framecat")
		cmd.Dir = ".."
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("%v: %s", err, out)
		}
		return path
	}()
	b.Run("socat", func(b *testing.B) {
		sink := listenTCP(b)
		free := listenTCP(b)
		addr := free.Addr().String()
		free.Close()
		_, port, _ := net.SplitHostPort(addr)
		cmd := exec.Command("socat", "-b", "65536", "TCP-LISTEN:"+port+",bind=127.0.0.1,reuseaddr", "TCP:"+sink.Addr().String())
		if err := cmd.Start(); err != nil {
			b.Fatal(err)
		}
		defer func() { cmd.Process.Kill(); cmd.Wait() }()
		pass(b, sink, addr)
	})
	b.Run("framecat", func(b *testing.B) {
		sink := listenTCP(b)
		bridge := listen(b, framecat, "-quiet", "-framing=line", "-to", sink.Addr().String(), "-to-framing=length")
		pass(b, sink, bridge.addr)
		b.ReportMetric(float64(peak(b, bridge.Process.Pid))/(1<<20), "MiB-peak")
	})
}
