//go:build unix && !aix && (!solaris || illumos)

package server_test

import (
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/wholeframe/wholeframe/server"
)

// socketDir returns a directory whose name leaves room for that of a socket.
func socketDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "s")
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// stale leaves the file of a socket at which nobody listens.
func stale(t *testing.T, path string) {
	t.Helper()
	l, err := net.Listen("unix", path)
	require.NoError(t, err)
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	require.NoError(t, l.Close())
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

// The file that a killed server has left is replaced, and removed at the end.
// Clients see the path as the address.
func TestListen_UnixStale(t *testing.T) {
	dir := socketDir(t)
	path := filepath.Join(dir, "s")
	stale(t, path)
	l, err := server.Listen("unix", path)
	require.NoError(t, err)
	assert.Equal(t, []string{"s"}, names(t, dir))
	assert.Equal(t, path, l.Addr().String())
	c := dial(t, "unix", path)
	assert.Equal(t, path, c.RemoteAddr().String())
	require.NoError(t, l.Close())
	assert.Empty(t, names(t, dir))
}

// Where somebody listens, or something else lies, nothing is touched.
func TestListen_UnixInUse(t *testing.T) {
	for name, test := range map[string]struct {
		occupy func(t *testing.T, path string)
		want   string
	}{
		"by a server": {func(t *testing.T, path string) {
			l, err := net.Listen("unix", path)
			require.NoError(t, err)
			t.Cleanup(func() { l.Close() })
		}, "address already in use: a server is listening there"},
		"by a server of packets": {func(t *testing.T, path string) {
			c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
			require.NoError(t, err)
			t.Cleanup(func() { c.Close() })
		}, "address already in use: cannot tell whether a server is listening there: "},
		"by a file": {func(t *testing.T, path string) {
			require.NoError(t, os.WriteFile(path, nil, 0o600))
		}, "address already in use: the file is not a socket"},
		"by a link": {func(t *testing.T, path string) {
			require.NoError(t, os.Symlink("nowhere", path))
		}, "address already in use: the file is not a socket"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := socketDir(t)
			path := filepath.Join(dir, "s")
			test.occupy(t, path)
			before, err := os.Lstat(path)
			require.NoError(t, err)
			l, err := server.Listen("unix", path)
			assert.ErrorIs(t, err, syscall.EADDRINUSE)
			assert.ErrorContains(t, err, "listen unix "+path+": "+test.want)
			assert.Nil(t, l)
			after, err := os.Lstat(path)
			require.NoError(t, err)
			assert.True(t, os.SameFile(before, after))
			assert.Equal(t, []string{"s"}, names(t, dir))
		})
	}
}

// A server whose queue is full is alive.
func TestListen_UnixQueueFull(t *testing.T) {
	path := filepath.Join(socketDir(t), "s")
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	require.NoError(t, err)
	defer syscall.Close(fd)
	require.NoError(t, syscall.Bind(fd, &syscall.SockaddrUnix{Name: path}))
	require.NoError(t, syscall.Listen(fd, 0))
	for err == nil {
		var c net.Conn
		if c, err = net.Dial("unix", path); err == nil {
			defer c.Close()
		}
	}
	_, err = server.Listen("unix", path)
	assert.ErrorIs(t, err, syscall.EADDRINUSE)
	assert.ErrorContains(t, err, ": a server is listening there")
	_, err = os.Stat(path)
	assert.NoError(t, err)
}

// Of many that start at the same time one listens, and the others are told.
func TestListen_UnixTwoStarters(t *testing.T) {
	dir := socketDir(t)
	path := filepath.Join(dir, "s")
	for range 500 {
		stale(t, path)
		var starters, tries sync.WaitGroup
		var listening, told atomic.Int32
		begin := make(chan struct{})
		const n = 4
		tries.Add(n)
		for range n {
			starters.Go(func() {
				<-begin
				l, err := server.Listen("unix", path)
				if err == nil {
					listening.Add(1)
				} else if assert.ErrorIs(t, err, syscall.EADDRINUSE) {
					told.Add(1)
				}
				tries.Done()
				tries.Wait()
				if err == nil {
					c, err := net.Dial("unix", path)
					if assert.NoError(t, err) {
						c.Close()
					}
					assert.NoError(t, l.Close())
				}
			})
		}
		close(begin)
		starters.Wait()
		assert.EqualValues(t, 1, listening.Load())
		assert.EqualValues(t, n-1, told.Load())
		assert.Empty(t, names(t, dir))
	}
}

// A server that ends removes its own file, and leaves that of another one.
func TestListen_UnixOwnFileOnly(t *testing.T) {
	path := filepath.Join(socketDir(t), "s")
	old, err := server.Listen("unix", path)
	require.NoError(t, err)
	require.NoError(t, os.Remove(path))
	next, err := server.Listen("unix", path)
	require.NoError(t, err)
	defer next.Close()
	s := &server.Server{Framer: lines, Handler: server.Echo}
	served := serve(t, s, old)
	require.NoError(t, s.Shutdown(background))
	assert.Equal(t, server.ErrServerClosed, <-served)
	dial(t, "unix", path)

	require.NoError(t, next.Close())
	_, err = os.Stat(path)
	assert.ErrorIs(t, err, fs.ErrNotExist)
}

// The path is free as soon as Shutdown is called, for the next server; those who
// have connected are answered.
func TestC18_UnixPathFirst(t *testing.T) {
	path := filepath.Join(socketDir(t), "s")
	entered, release := make(chan struct{}), make(chan struct{})
	s := &server.Server{Framer: lines, Handler: func(c *server.Conn, m []byte) error {
		close(entered)
		<-release
		return server.Echo(c, m)
	}}
	l, err := server.Listen("unix", path)
	require.NoError(t, err)
	served := serve(t, s, l)
	c := dial(t, "unix", path)
	c.Write([]byte("hello\n"))
	<-entered
	go s.Shutdown(background)
	for {
		next, err := server.Listen("unix", path)
		if err == nil {
			defer next.Close()
			break
		}
		require.ErrorIs(t, err, syscall.EADDRINUSE)
	}
	close(release)
	got := make([]byte, 6)
	_, err = c.Read(got)
	assert.NoError(t, err)
	assert.Equal(t, "hello\n", string(got))
	c.Close()
	assert.Equal(t, server.ErrServerClosed, <-served)
	dial(t, "unix", path) // the next server's
}

// The mode is what is asked for, whatever the umask.
func TestListen_UnixMode(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0o027))
	for _, test := range []struct{ mode, want fs.FileMode }{
		{0, 0o750},
		{0o660, 0o660},
		{0o666, 0o666},
		{0o600, 0o600},
	} {
		path := filepath.Join(socketDir(t), "s")
		l, err := (&server.ListenConfig{SocketMode: test.mode}).Listen(background, "unix", path)
		require.NoError(t, err)
		info, err := os.Stat(path)
		require.NoError(t, err)
		assert.Equal(t, test.want, info.Mode().Perm())
		require.NoError(t, l.Close())
	}
}

// A socket that is shared keeps its file.
func TestC23_UnixFile(t *testing.T) {
	path := filepath.Join(socketDir(t), "s")
	for _, listen := range []func(network, addr string) (net.Listener, error){server.Listen, net.Listen} {
		l, err := listen("unix", path)
		require.NoError(t, err)
		s := &server.Server{Framer: lines, Handler: server.Echo}
		served := serve(t, s, server.Shared(l))
		require.NoError(t, s.Shutdown(background))
		assert.Equal(t, server.ErrServerClosed, <-served)
		require.NoError(t, os.Remove(path))
	}
}

// The lock is a file of its own name, and nobody else's: what lies there and is
// none is left alone, and a link is not followed.
func TestListen_UnixLock(t *testing.T) {
	for name, test := range map[string]struct {
		occupy func(t *testing.T, lock string)
		want   string
	}{
		"a file of another program": {func(t *testing.T, lock string) {
			require.NoError(t, os.WriteFile(lock, []byte("4711\n"), 0o600))
		}, "must not exist, or be an empty file"},
		"a symbolic link": {func(t *testing.T, lock string) {
			require.NoError(t, os.Symlink("nowhere/victim", lock)) // who follows it fails, but not with ELOOP
		}, "symbolic link"},
		"a pipe": {func(t *testing.T, lock string) {
			require.NoError(t, unix.Mkfifo(lock, 0o600))
		}, "must not exist, or be an empty file"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := socketDir(t)
			lock := filepath.Join(dir, ".s.wholeframe-lock")
			test.occupy(t, lock)
			_, err := server.Listen("unix", filepath.Join(dir, "s"))
			assert.ErrorContains(t, err, lock)
			assert.ErrorContains(t, err, test.want)
			assert.Equal(t, []string{".s.wholeframe-lock"}, names(t, dir))
		})
	}
}

// PATH.lock is where PostgreSQL and MySQL keep the number of their process.
func TestListen_UnixLockOfOthers(t *testing.T) {
	dir := socketDir(t)
	path := filepath.Join(dir, "s")
	require.NoError(t, os.WriteFile(path+".lock", []byte("4711\n"), 0o600))
	l, err := server.Listen("unix", path)
	require.NoError(t, err)
	require.NoError(t, l.Close())
	assert.Equal(t, []string{"s.lock"}, names(t, dir))
}

// A path that does not fit is refused with what fits, one that does is served.
func TestListen_UnixLongPath(t *testing.T) {
	const most = len(unix.RawSockaddrUnix{}.Path) - 1
	dir := socketDir(t)
	path := filepath.Join(dir, strings.Repeat("s", most-len(dir)-1))
	l, err := server.Listen("unix", path)
	require.NoError(t, err)
	require.NoError(t, l.Close())
	_, err = server.Listen("unix", path+"s")
	var config *server.ConfigError
	require.ErrorAs(t, err, &config)
	assert.Equal(t, fmt.Sprintf("server: address: %ss has %d bytes; a Unix socket's path can have %d", path, most+1, most), err.Error())
	assert.Empty(t, names(t, dir))
}
