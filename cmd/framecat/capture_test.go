package main

import (
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
