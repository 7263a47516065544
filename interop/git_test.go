package interop

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/spec"
)

// TestGit reads the pkt-lines with which git upload-pack lists its references, and writes
// one that asks for a pack. A pkt-line counts its length in four hexadecimal digits, with
// the digits. A flush-pkt is a length of 0 that says something, so it is neither a frame
// nor fill in this framing: it ends the stream at its offset.
func TestGit(t *testing.T) {
	dir := t.TempDir()
	git := func(args ...string) string {
		cmd := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=a", "-c", "user.email=a@example.com"}, args...)...)
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1")
		return run(t, "", cmd)
	}
	git("init", "-q", "-b", "main")
	git("commit", "-q", "--allow-empty", "-m", "a")
	git("tag", "a")
	id := git("rev-parse", "HEAD")[:40]
	f, err := spec.Parse("length,digits=hex,includes-header")
	require.NoError(t, err)

	cmd := exec.Command("git", "upload-pack", filepath.Join(dir, ".git"))
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	start(t, cmd)
	r, w := framing.NewReader(out, f), framing.NewWriter(in, f)
	for _, want := range []string{id + " HEAD\x00", id + " refs/heads/main\n", id + " refs/tags/a\n"} {
		have, err := r.ReadFrame()
		require.NoError(t, err)
		require.Equal(t, want, string(have[:min(len(have), len(want))]))
	}
	offset := r.Offset()
	_, err = r.ReadFrame()
	var invalid *framing.FormatError
	require.True(t, errors.As(err, &invalid), "%v", err)
	require.Equal(t, offset, invalid.Offset)
	require.True(t, invalid.Final)
	require.Equal(t, "0000", string(r.Unread()))

	require.NoError(t, w.WriteFrame([]byte("want "+id+"\n")))
	require.NoError(t, w.Flush())
	_, err = in.Write([]byte("0000"))
	require.NoError(t, err)
	require.NoError(t, w.WriteFrame([]byte("done\n")))
	require.NoError(t, w.Flush())
	r = framing.NewReader(out, f)
	have, err := r.ReadFrame()
	require.NoError(t, err)
	require.Equal(t, "NAK\n", string(have))
	require.NoError(t, r.SetFramer(parseAll(t, []string{"fixed,size=4"})[0]))
	have, err = r.ReadFrame()
	require.NoError(t, err)
	require.Equal(t, "PACK", string(have))
}
