package interop

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestMySQL has the client of MariaDB talk to its server.
func TestMySQL(t *testing.T) {
	dir := t.TempDir()
	socket := filepath.Join(dir, "socket")
	start(t, exec.Command("mariadbd", "--no-defaults", "--user=root", "--datadir="+dir, "--socket="+socket,
		"--skip-networking", "--skip-grant-tables"))
	await(t, "unix", socket)
	r := newRelay(t, "unix", socket, []string{"mysql"}, []string{"mysql"})
	have := run(t, "select version() is not null; select repeat('x', 100000); select 1, null union select 2, '';",
		exec.Command("mariadb", "--no-defaults", "--host=127.0.0.1", "--port="+r.port, "--skip-column-names"))
	require.Equal(t, "1\n"+strings.Repeat("x", 100_000)+"\n1\tNULL\n2\t\n", have)
	require.GreaterOrEqual(t, r.requests.Load(), int64(4)) // the login, three queries
	require.GreaterOrEqual(t, r.replies.Load(), int64(2+3*5))
}
