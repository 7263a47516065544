package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
)

// What tcpdump captures of connections over IPv4 and IPv6 is shown as it was sent, also if
// the packets are captured in another order, and twice; where one is missing, what
// follows it is not.
func TestFramecat_Capture(t *testing.T) {
	framecat := build(t, "framecat")
	l, err := net.Listen("tcp", ":0") // of both versions of IP
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				io.Copy(c, c)
			}()
		}
	}()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	file := filepath.Join("/tmp", fmt.Sprintf("wholeframe-%d.pcap", os.Getpid())) // tcpdump has changed its user when it opens it
	defer os.Remove(file)
	tcpdump := exec.Command("tcpdump", "-i", "lo", "-U", "-B", "16384", "-w", file, "tcp", "port", port)
	stderr, err := tcpdump.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := tcpdump.Start(); err != nil {
		t.Fatal(err)
	}
	log := bufio.NewScanner(stderr)
	for log.Scan() && !strings.Contains(log.Text(), "listening on lo") {
	}
	go io.Copy(io.Discard, stderr)

	const messages = 200
	var want []string // "1 client 3 size"
	for i, host := range []string{"127.0.0.1", "::1"} {
		c, err := framing.Dial(context.Background(), "tcp", net.JoinHostPort(host, port), lengthprefix.Uint32())
		if err != nil {
			t.Fatal(err)
		}
		for n := range messages {
			message := bytes.Repeat([]byte{byte('a' + n%26)}, 16*n)
			if err := c.WriteFrame(message); err != nil {
				t.Fatal(err)
			}
			if back, err := c.ReadFrame(); err != nil || !bytes.Equal(back, message) {
				t.Fatal(err)
			}
			for _, from := range []string{"client", "server"} {
				want = append(want, fmt.Sprint(i+1, from, n+1, len(message)))
			}
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
	decode := func(file string) (shown []string, problems string) {
		cmd := exec.Command(framecat, "-decode", "-pcap", file, "-port", port, "-framing=length", "-json")
		var errs strings.Builder
		cmd.Stderr = &errs
		out, _ := cmd.Output()
		for line := range strings.Lines(string(out)) {
			var m struct {
				Conn, N, Size int
				From          string
			}
			if err := json.Unmarshal([]byte(line), &m); err != nil {
				t.Fatal(err)
			}
			shown = append(shown, fmt.Sprint(m.Conn, m.From, m.N, m.Size))
		}
		return shown, errs.String()
	}
	// tcpdump writes what it has captured when the kernel hands it over.
	var shown []string
	for end := time.Now().Add(time.Minute); time.Now().Before(end) && len(shown) < len(want); time.Sleep(50 * time.Millisecond) {
		shown, _ = decode(file)
	}
	if err := tcpdump.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	tcpdump.Wait()
	shown, problems := decode(file)
	if strings.Join(shown, "\n") != strings.Join(want, "\n") || problems != "" {
		t.Errorf("%d messages; want %d: %s", len(shown), len(want), problems)
	}

	header, packets := records(t, file)
	var mixed, gap [][]byte
	for i := 0; i < len(packets); i += 3 { // backwards by threes, and some twice
		group := slices.Clone(packets[i:min(i+3, len(packets))])
		if !slices.ContainsFunc(group, opens) {
			slices.Reverse(group)
		}
		mixed = append(mixed, group...)
		if i%7 == 0 {
			mixed = append(mixed, group[0])
		}
	}
	largest := 0
	for i, p := range packets {
		if len(p) > len(packets[largest]) {
			largest = i
		}
	}
	gap = append(append(gap, packets[:largest]...), packets[largest+1:]...)
	shown, problems = decode(write(t, header, mixed))
	count := map[string]int{}
	for _, m := range shown {
		count[m]++
	}
	for _, m := range want {
		if count[m] != 1 {
			t.Errorf("message %s is shown %d times; want once", m, count[m])
		}
	}
	if len(shown) != len(want) || problems != "" {
		t.Errorf("in another order: %d messages; want %d: %s", len(shown), len(want), problems)
	}
	shown, problems = decode(write(t, header, gap))
	if len(shown) >= len(want) || !strings.Contains(problems, "bytes are missing at offset") || strings.Count(problems, "\n") != 1 {
		t.Errorf("with a gap: %d messages; want fewer than %d: %s", len(shown), len(want), problems)
	}
}

// opens reports whether a packet of a capture, in an Ethernet frame, is a SYN.
func opens(packet []byte) bool {
	const record, ethernet = 16, 14
	ip := packet[record+ethernet:]
	flags := 20 + 13
	if ip[0]>>4 == 6 {
		flags = 40 + 13
	}
	return ip[flags]&2 != 0
}

// records returns the header and the packets of a capture, each with its own header.
func records(t *testing.T, file string) (header []byte, packets [][]byte) {
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	header, data = data[:24], data[24:]
	for len(data) >= 16 {
		size := 16 + int(binary.NativeEndian.Uint32(data[8:]))
		packets = append(packets, data[:size])
		data = data[size:]
	}
	return header, packets
}

// write writes a capture, and returns its name.
func write(t *testing.T, header []byte, packets [][]byte) string {
	file := filepath.Join(t.TempDir(), "capture")
	if err := os.WriteFile(file, append(bytes.Clone(header), bytes.Join(packets, nil)...), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
