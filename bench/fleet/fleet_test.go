package fleet

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/wholeframe/wholeframe/bench/peers/peer"
)

// TestEveryServerEchoes sends messages of random sizes to every server, cut anywhere.
func TestEveryServerEchoes(t *testing.T) {
	for _, server := range All {
		t.Run(server.Name, func(t *testing.T) {
			t.Parallel()
			program := build(t, server)
			for _, framing := range server.Framings {
				t.Run(framing, func(t *testing.T) {
					process, err := program.Start(t.Context(), CPUs{}, framing)
					if err != nil {
						t.Fatal(err)
					}
					defer process.Stop()
					random := rand.New(rand.NewPCG(1, 2))
					if server.WholeHeaders && framing == peer.Length {
						echoOneByOne(t, process.Addr, messages(random))
					} else {
						echoStream(t, process.Addr, framing, messages(random), random)
					}
					if t.Failed() {
						t.Logf("the server says:\n%s", process.Output())
					}
				})
			}
		})
	}
}

func build(t *testing.T, server Server) Program {
	t.Helper()
	program, err := server.Build(t.Context())
	if errors.Is(err, ErrMissing) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	if program.Version == "" {
		t.Errorf("%s has no version", server.Name)
	}
	return program
}

// messages are text without line ends, from nothing to somewhat more than the bench sends.
func messages(random *rand.Rand) [][]byte {
	var all [][]byte
	for range 300 {
		limit := []int{2, 20, 100, 5_000, 70_000}[random.IntN(5)]
		message := make([]byte, random.IntN(limit))
		for i := range message {
			message[i] = ' ' + byte(random.IntN(95))
		}
		all = append(all, message)
	}
	return all
}

func frame(framing string, message []byte) []byte {
	if framing == peer.Line {
		return append(bytes.Clone(message), '\n')
	}
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(message))), message...)
}

func dial(t *testing.T, addr string) *net.TCPConn {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(time.Minute)) // a lost message must end the test
	return conn.(*net.TCPConn)
}

// echoStream sends all messages in pieces that end anywhere, while it reads.
func echoStream(t *testing.T, addr, framing string, messages [][]byte, random *rand.Rand) {
	t.Helper()
	var stream []byte
	for _, message := range messages {
		stream = append(stream, frame(framing, message)...)
	}
	conn := dial(t, addr)
	go func() {
		for rest := stream; len(rest) > 0; {
			limit := []int{1, 3, 10, 1_000, 50_000}[random.IntN(5)]
			n := min(1+random.IntN(limit), len(rest))
			if _, err := conn.Write(rest[:n]); err != nil {
				return // the reader misses the rest
			}
			rest = rest[n:]
			time.Sleep(100 * time.Microsecond) // or the kernel would join the pieces
		}
	}()
	got := make([]byte, len(stream))
	if n, err := io.ReadFull(conn, got); err != nil {
		t.Fatalf("%v after %d of %d bytes", err, n, len(stream))
	}
	if !bytes.Equal(got, stream) {
		t.Fatal("what came back is not what was sent")
	}
}

// echoOneByOne sends one message after another, each with a header in one piece.
func echoOneByOne(t *testing.T, addr string, messages [][]byte) {
	t.Helper()
	conn := dial(t, addr)
	for i, message := range messages {
		want := frame(peer.Length, message)
		cut := peer.HeaderSize + len(message)/2
		for _, piece := range [][]byte{want[:cut], want[cut:]} {
			if _, err := conn.Write(piece); err != nil {
				t.Fatal(err)
			}
		}
		got := make([]byte, len(want))
		if _, err := io.ReadFull(conn, got); err != nil {
			t.Fatalf("message %d of %d bytes: %v", i, len(message), err)
		}
		if !bytes.Equal(got, want) {
			t.Fatalf("message %d came back different", i)
		}
	}
}

func TestNamed(t *testing.T) {
	servers, err := Named([]string{"nbio", "raw"})
	if err != nil || len(servers) != 2 || servers[0].Name != "raw" || servers[1].Name != "nbio" {
		t.Errorf("got %v, %v", servers, err)
	}
	if _, err := Named([]string{"raw", "nobody"}); err == nil {
		t.Error("an unknown name was accepted")
	}
}

func TestServerThatDoesNotListen(t *testing.T) {
	program := Program{Command: []string{"sh", "-c", "echo sorry; exit 1"}}
	_, err := program.Start(t.Context(), CPUs{}, peer.Line)
	if err == nil || !strings.Contains(err.Error(), "sorry") {
		t.Errorf("got %v, want what the server said", err)
	}
	program = Program{Command: []string{"/nonexistent"}}
	if _, err = program.Start(t.Context(), CPUs{}, peer.Line); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want %v", err, fs.ErrNotExist)
	}
}

func TestStartPinned(t *testing.T) {
	cpus, err := ChooseCPUs()
	if err != nil {
		t.Fatal(err)
	}
	if !cpus.Pinned {
		t.Skip("there is one processor")
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cmd := exec.Command("sh", "-c", "echo $GOMAXPROCS $(grep Cpus_allowed_list /proc/self/status)")
	cmd.Stdout = w
	if err := cpus.StartPinned(cmd, cpus.Load); err != nil {
		t.Fatal(err)
	}
	w.Close()
	got, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	var maxProcs, cpu int
	if n, err := fmt.Sscanf(string(got), "%d Cpus_allowed_list: %d", &maxProcs, &cpu); n != 2 || maxProcs != 1 || cpu != cpus.Load {
		t.Errorf("ran with %q: %v", got, err)
	}
	if after, err := ChooseCPUs(); err != nil || after != cpus {
		t.Errorf("the caller went from %+v to %+v: %v", cpus, after, err)
	}
}
