package command

import (
	"bytes"
	"encoding/binary"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The messages of a capture that tcpdump has made, and of one that editcap has made of it.
func TestCapture(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"testdata/capture.pcap", "testdata/capture.pcapng"} {
		args := []string{"-decode", "-pcap", name, "-port=8000", "-framing=length"}
		code, stdout, stderr := finish(t, "", args...)
		assert.Equal(t, 0, code, stderr)
		assert.Empty(t, stderr)
		assert.Regexp(t, `^\d\d:\d\d:57\.801 #1 -> 1, 5 bytes: hello\n.* #1 -> 2, 5 bytes: world\n.* #1 <- 1, 5 bytes: hello\n.* #1 <- 2, 5 bytes: world\n$`, stdout)
		code, stdout, _ = finish(t, "", append(args, "-count")...)
		assert.Equal(t, 0, code)
		assert.Equal(t, "4 messages, 20 bytes of payload\n", stdout)
		code, stdout, _ = finish(t, "", append(args, "-x")...)
		assert.Equal(t, 0, code)
		assert.Contains(t, stdout, "#1 <- message 2: header 4, payload 5\n   00000009  00 00 00 05 77")
		code, stdout, _ = finish(t, "", append(args, "-json")...)
		assert.Equal(t, 0, code)
		assert.Contains(t, stdout, `57.80114`)
		assert.Contains(t, stdout, `"conn":1,"from":"client","n":1,"size":5,"text":"hello"}`)
	}
}

// What is wrong with a capture, or in it, is said; what came before is shown.
func TestCapture_Errors(t *testing.T) {
	t.Parallel()
	whole, err := os.ReadFile("testdata/capture.pcap")
	require.NoError(t, err)
	for _, test := range []struct{ args, stdin, stdout, stderr string }{
		{"-port=8000 -framing=length,width=8", string(whole), "", "framecat: #1 -> framing: frame at offset 0: payload of 23226313836 bytes exceeds the limit"},
		{"-port=8000 -framing=netstring", string(whole), "", "framecat: #1 <- framing: frame at offset 0: malformed length"},
		{"-port=8000 -framing=line", string(whole), "", "framecat: #1 <- framing: frame at offset 0: unexpected EOF after 18 bytes\n"},
		{"-port=8001 -framing=length", string(whole), "", "framecat: no TCP connection to port 8001 in "},
		{"-port=8000 -framing=length", string(whole[:400]), "#1 -> 1, 5 bytes: hello\n", "the file ends after"},
		{"-port=8000 -framing=length", "hello", "", "neither pcap nor pcapng"},
	} {
		code, stdout, stderr := finish(t, test.stdin, append([]string{"-decode", "-pcap=-"}, strings.Fields(test.args)...)...)
		assert.Equal(t, 1, code, test.args)
		assert.Contains(t, stdout, test.stdout, test.args)
		assert.Contains(t, stderr, test.stderr, test.args)
	}
}

// records returns the header of a capture, and its packets, each with its own header.
func records(t *testing.T, name string) (header string, packets []string) {
	data, err := os.ReadFile(name)
	require.NoError(t, err)
	header, rest := string(data[:24]), data[24:]
	for len(rest) > 0 {
		size := 16 + binary.LittleEndian.Uint32(rest[8:])
		packets = append(packets, string(rest[:size]))
		rest = rest[size:]
	}
	return header, packets
}

// That a capture begins inside a connection is noted once for each direction, is no error,
// and does not explain those that follow.
func TestCapture_Late(t *testing.T) {
	t.Parallel()
	header, packets := records(t, "testdata/capture.pcap")
	late := header + strings.Join(packets[3:], "") // without the handshake
	const (
		toServer = "framecat: #1 ->: the capture begins inside this connection; its first messages may be wrong\n"
		toClient = "framecat: #1 <-: the capture begins inside this connection; its first messages may be wrong\n"
	)
	code, stdout, stderr := finish(t, late, "-decode", "-pcap=-", "-port=8000", "-framing=length")
	assert.Equal(t, 0, code)
	assert.Equal(t, 4, strings.Count(stdout, "5 bytes: "))
	assert.Equal(t, toServer+toClient, stderr)

	code, _, stderr = finish(t, late, "-decode", "-pcap=-", "-port=8000", "-framing=length,width=8")
	assert.Equal(t, 1, code)
	assert.Contains(t, stderr, toServer+"framecat: #1 -> framing: ")
	assert.Equal(t, 2, strings.Count(stderr, "the capture begins inside"))
}

// Messages of packets without a time are shown without one.
func TestCapture_NoTimes(t *testing.T) {
	t.Parallel()
	_, packets := records(t, "testdata/capture.pcap")
	order := binary.LittleEndian
	block := func(kind uint32, body string) string {
		body += strings.Repeat("\x00", -len(body)&3)
		size := order.AppendUint32(nil, uint32(12+len(body)))
		return string(order.AppendUint32(nil, kind)) + string(size) + body + string(size)
	}
	capture := block(0x0a0d0d0a, "\x4d\x3c\x2b\x1a\x01\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff") + block(1, "\x01\x00\x00\x00\x00\x00\x00\x00")
	for _, p := range packets {
		capture += block(3, p[12:16]+p[16:])
	}
	code, stdout, stderr := finish(t, capture, "-decode", "-pcap=-", "-port=8000", "-framing=length")
	assert.Equal(t, 0, code, stderr)
	assert.Equal(t, "#1 -> 1, 5 bytes: hello\n#1 -> 2, 5 bytes: world\n#1 <- 1, 5 bytes: hello\n#1 <- 2, 5 bytes: world\n", stdout)
	_, stdout, _ = finish(t, capture, "-decode", "-pcap=-", "-port=8000", "-framing=length", "-json")
	assert.Contains(t, stdout, `{"conn":1,"from":"client","n":1,"size":5,"text":"hello"}`+"\n")
}

// A pausingReader returns the bytes of one reader, calls pause, and returns those of
// another.
type pausingReader struct {
	first, second io.Reader
	pause         func()
	reads         int
}

func (r *pausingReader) Read(p []byte) (int, error) {
	r.reads++
	if r.first != nil {
		if n, err := r.first.Read(p); err != io.EOF {
			return n, err
		}
		r.first = nil
		r.pause()
	}
	return r.second.Read(p)
}

// A capture is read in large pieces, and what was read is shown before more is awaited.
func TestCapture_Reads(t *testing.T) {
	t.Parallel()
	whole, err := os.ReadFile("testdata/capture.pcap")
	require.NoError(t, err)
	var stdout, stderr bytes.Buffer
	src := &pausingReader{first: bytes.NewReader(whole[:400]), second: bytes.NewReader(whole[400:])}
	src.pause = func() { assert.Contains(t, stdout.String(), "#1 -> 1, 5 bytes: hello\n") }
	code := run([]string{"-decode", "-pcap=-", "-port=8000", "-framing=length"}, src, &stdout, &stderr)
	assert.Equal(t, 0, code, stderr.String())
	assert.Equal(t, 4, strings.Count(stdout.String(), "5 bytes: "))
	assert.Equal(t, 3, src.reads, "reads of a capture of %d bytes", len(whole))
}
