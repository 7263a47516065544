package interop

import (
	"net"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/spec"
)

// TestADB answers adb as its server would: a request is a frame, and the answer is OKAY and
// a frame.
func TestADB(t *testing.T) {
	f, err := spec.Parse("adb")
	require.NoError(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	_, port, err := net.SplitHostPort(l.Addr().String())
	require.NoError(t, err)
	requests := make(chan string, 10)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			conn := framing.NewConn(c, f)
			request, err := conn.ReadFrame()
			if err != nil {
				t.Error(err)
			}
			requests <- string(request)
			answer := map[string]string{"host:version": "0029", "host:devices": "interop\tdevice\n"}[string(request)]
			if _, err := c.Write([]byte("OKAY")); err != nil {
				t.Error(err)
			}
			if err := conn.WriteFrame([]byte(answer)); err != nil {
				t.Error(err)
			}
			conn.Close()
		}
	}()
	require.Equal(t, "List of devices attached\ninterop\tdevice\n\n", run(t, "", exec.Command("adb", "-P", port, "devices")))
	l.Close()
	<-done
	require.Equal(t, "host:version", <-requests)
	require.Equal(t, "host:devices", <-requests)
}
