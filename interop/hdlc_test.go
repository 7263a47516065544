package interop

import (
	"encoding/binary"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/spec"
)

// TestHDLC opens a link of PPP to slirp and asks for echoes: with all bytes, and with
// nothing but flags.
func TestHDLC(t *testing.T) {
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	ours, theirs := os.NewFile(uintptr(pair[0]), "ours"), os.NewFile(uintptr(pair[1]), "theirs")
	cmd := exec.Command("slirp-fullbolt", "ppp")
	cmd.Dir, cmd.Stdin = t.TempDir(), theirs // it also writes to its standard input
	start(t, cmd)
	theirs.Close()
	f, err := spec.Parse("hdlc")
	require.NoError(t, err)
	c := framing.NewConn(ours, f)
	defer c.Close()

	// send and receive packets of the Link Control Protocol (RFC 1661 section 5).
	send := func(code, id byte, data []byte) {
		packet := []byte{0xff, 0x03, 0xc0, 0x21, code, id}
		packet = binary.BigEndian.AppendUint16(packet, uint16(4+len(data)))
		require.NoError(t, c.WriteFrame(append(packet, data...)))
	}
	receive := func(code byte) (id byte, data []byte) {
		for {
			packet, err := c.ReadFrame()
			require.NoError(t, err)
			if len(packet) >= 8 && string(packet[:5]) == string([]byte{0xff, 0x03, 0xc0, 0x21, code}) {
				return packet[5], packet[8:]
			}
		}
	}
	const request, ack, echoRequest, echoReply = 1, 2, 9, 10
	send(request, 1, nil)
	id, options := receive(request)
	send(ack, id, options)
	receive(ack)

	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	for i, data := range [][]byte{every, []byte("~~~}}}~}~}^}]")} {
		send(echoRequest, byte(i), append([]byte{0, 0, 0, 0}, data...))
		id, reply := receive(echoReply)
		require.Equal(t, byte(i), id)
		require.Equal(t, data, reply[4:])
	}
}
