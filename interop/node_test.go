package interop

import (
	"bytes"
	"encoding/hex"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/cobs"
	"github.com/wholeframe/wholeframe/framing/netstring"
	"github.com/wholeframe/wholeframe/framing/slip"
)

// install installs the packages that node/package.json names.
func install(t *testing.T) {
	t.Helper()
	said, err := installOnce()
	require.NoError(t, err, "npm ci: %s", said)
}

var installOnce = sync.OnceValues(func() ([]byte, error) {
	cmd := exec.Command("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts")
	cmd.Dir = "node"
	return cmd.CombinedOutput()
})

// node returns the command that runs a script in the directory node.
func node(t *testing.T, script string, args ...string) *exec.Cmd {
	t.Helper()
	install(t)
	cmd := exec.Command("node", append([]string{"--no-deprecation", script}, args...)...)
	cmd.Dir = "node"
	return cmd
}

// peer runs node/peer.js on input, and returns a pipe with its output.
func peer(t *testing.T, framing, direction string, input io.Reader) io.Reader {
	t.Helper()
	cmd := node(t, "peer.js", framing, direction)
	cmd.Stdin, cmd.Stderr = input, os.Stderr
	output, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_, err := io.Copy(io.Discard, output)
		require.NoError(t, err)
		require.NoError(t, cmd.Wait())
	})
	return output
}

// payloads have sizes about those where a framing changes its mind, and bytes
// that have a meaning to one.
func payloads(least int) (all [][]byte) {
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	for _, size := range []int{0, 1, 2, 9, 10, 99, 100, 253, 254, 255, 256, 507, 508, 509, 510, 999, 1000, 20_000} {
		if size < least {
			continue
		}
		for _, of := range []string{"x", "\x00", "\x01", "\xff", "\xc0", "\xdb", "\xdb\xdc", "\xc0\xdd", "\n", ":", ",", "x\x00", string(every), string(every[1:])} {
			all = append(all, bytes.Repeat([]byte(of), size/len(of)+1)[:size])
		}
		// The same without a zero, but at the end, or at the start.
		if size > 1 {
			all = append(all, append(bytes.Repeat([]byte("x"), size-1), 0), append([]byte{0}, bytes.Repeat([]byte("x"), size-1)...))
		}
	}
	return append(all, []byte("5:hello,"), []byte("3:a\x00b,"), []byte("\xdb\xdc\xdb\xdd\xc0\xdc\xdd\xdb"))
}

// TestNode sends payloads to a peer and from it.
func TestNode(t *testing.T) {
	for _, c := range []struct {
		name   string // as package spec has it
		framer framing.Framer
		least  int // bytes of a payload
	}{
		{"netstring", netstring.New(), 0},
		{"slip", slip.New(), 1},
		{"slip,leading-end", slip.LeadingEnd(), 1},
		{"cobs", cobs.New(), 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			all := payloads(c.least)
			t.Run("theirs to ours", func(t *testing.T) {
				var lines bytes.Buffer
				for _, payload := range all {
					lines.WriteString(hex.EncodeToString(payload) + "\n")
				}
				r := framing.NewReader(peer(t, c.name, "write", &lines), c.framer)
				for i, payload := range all {
					have, err := r.ReadFrame()
					require.NoError(t, err)
					require.True(t, bytes.Equal(payload, have), "payload %d", i)
				}
				_, err := r.ReadFrame()
				require.Equal(t, io.EOF, err)
			})
			t.Run("ours to theirs", func(t *testing.T) {
				var wire bytes.Buffer
				w := framing.NewWriter(&wire, c.framer)
				for _, payload := range all {
					require.NoError(t, w.WriteFrame(payload))
				}
				require.NoError(t, w.Flush())
				have, err := io.ReadAll(peer(t, c.name, "read", &wire))
				require.NoError(t, err)
				lines := strings.Split(strings.TrimSuffix(string(have), "\n"), "\n")
				require.Len(t, lines, len(all))
				for i, payload := range all {
					require.Equal(t, hex.EncodeToString(payload), lines[i], "payload %d", i)
				}
			})
		})
	}
}
