package interop

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os/exec"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/spec"
)

// TestRTSP has libcurl announce a description and ask for it.
func TestRTSP(t *testing.T) {
	f, err := spec.Parse("rtsp")
	require.NoError(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ended := make(chan error, 1)
	go func() { ended <- serveRTSP(l, f) }()
	defer func() {
		l.Close()
		assert.Equal(t, io.EOF, <-ended)
	}()
	run(t, "", exec.Command("/usr/bin/python3", "rtsp.py", "rtsp://"+l.Addr().String()+"/a"))
}

// serveRTSP serves one client, and describes what it announced.
func serveRTSP(l net.Listener, f framing.Framer) error {
	client, err := l.Accept()
	if err != nil {
		return err
	}
	defer client.Close()
	c := framing.NewConn(client, f)
	var description []byte
	for {
		request, err := c.ReadFrame()
		if err != nil {
			return err
		}
		head, body, _ := bytes.Cut(request, []byte("\r\n\r\n"))
		reply := fmt.Appendf(nil, "RTSP/1.0 200 OK\r\n%s\r\n", regexp.MustCompile("CSeq: [0-9]+").Find(head))
		switch method, _, _ := bytes.Cut(head, []byte(" ")); string(method) {
		case "OPTIONS":
			reply = append(reply, "Public: OPTIONS, ANNOUNCE, DESCRIBE\r\n\r\n"...)
		case "ANNOUNCE":
			description = bytes.Clone(body)
			reply = append(reply, "\r\n"...)
		case "DESCRIBE":
			reply = fmt.Appendf(reply, "Content-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s", len(description), description)
		default:
			return fmt.Errorf("unexpected request %q", head)
		}
		if err := c.WriteFrame(reply); err != nil {
			return err
		}
	}
}
