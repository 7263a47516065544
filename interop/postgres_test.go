package interop

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestPostgres has psql talk to PostgreSQL. The first packet of a client is framed in
// another way than the rest.
func TestPostgres(t *testing.T) {
	t.Parallel()
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	require.NoError(t, err)
	require.NotEmpty(t, found, "initdb is missing")
	bin := filepath.Dir(found[0])
	dir, err := os.MkdirTemp("", "interop") // t.TempDir is closed to other users
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	command := func(name string, args ...string) *exec.Cmd {
		cmd := exec.Command(filepath.Join(bin, name), args...)
		cmd.Dir = dir
		if os.Getuid() == 0 { // which PostgreSQL refuses
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		}
		return cmd
	}
	if os.Getuid() == 0 {
		require.NoError(t, os.Chown(dir, 65534, 65534))
	}
	data := filepath.Join(dir, "data")
	run(t, "", command("initdb", "--no-sync", "--auth=trust", "--username=interop", "--encoding=UTF8", "--locale=C", data))
	start(t, command("postgres", "-D", data, "-h", "", "-k", dir, "-F"))
	socket := filepath.Join(dir, ".s.PGSQL.5432")
	require.Eventually(t, func() bool { return exec.Command("pg_isready", "-h", dir).Run() == nil }, patience, 10*time.Millisecond)

	r := newRelay(t, "unix", socket, []string{"postgres-startup", "postgres"}, []string{"postgres"})
	psql := func(sql string) string {
		return run(t, sql, exec.Command("psql", "--no-psqlrc", "--tuples-only", "--no-align",
			"host=127.0.0.1 port="+r.port+" user=interop dbname=postgres sslmode=disable gssencmode=disable"))
	}
	require.Equal(t, "1\n"+strings.Repeat("x", 100_000)+"\n", psql("select 1; select repeat('x', 100000);"))
	require.Equal(t, "CREATE TABLE\nCOPY 3\na\n\nb c\n", psql("create table t (a text); copy t from stdin;\na\n\nb c\n\\.\nselect a from t;"))
	require.GreaterOrEqual(t, r.requests.Load(), int64(8))
	require.GreaterOrEqual(t, r.replies.Load(), int64(20))
}
