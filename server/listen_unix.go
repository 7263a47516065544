//go:build unix && !aix && (!solaris || illumos)

package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"time"
)

const (
	// lockToListen and lockToRemove limit the wait for another process that
	// listens on the same path, or leaves it.
	lockToListen = 5 * time.Second
	lockToRemove = 200 * time.Millisecond
)

// A unixListener removes the file of its socket, but not that of another one.
type unixListener struct {
	*net.UnixListener
	path string // absolute

	mu   sync.Mutex
	file fs.FileInfo // of the socket; nil if it has none, or has been removed
	keep bool
}

// listenUnix binds to path itself, and not to a temporary name that is renamed:
// a socket keeps the name it was bound to, which is what clients see as their
// remote address, and which has room for 107 bytes.
func (c *ListenConfig) listenUnix(ctx context.Context, path string) (net.Listener, error) {
	fail := func(err error) (net.Listener, error) {
		return nil, &net.OpError{Op: "listen", Net: "unix", Addr: &net.UnixAddr{Name: path, Net: "unix"}, Err: err}
	}
	// Its last byte is a zero, except for an abstract name.
	if most := len(syscall.RawSockaddrUnix{}.Path) - 1; len(path) > most {
		return nil, &ConfigError{"address", fmt.Sprintf("%s has %d bytes; a Unix socket's path can have %d", path, len(path), most)}
	}
	lc := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		if c.SocketMode == 0 {
			return nil
		}
		// Linux makes the file with the permissions of the socket, others refuse this.
		return raw.Control(func(fd uintptr) { syscall.Fchmod(int(fd), uint32(c.SocketMode.Perm())) })
	}}
	if path[0] == '@' && runtime.GOOS == "linux" {
		l, err := lc.Listen(ctx, "unix", path)
		if err != nil {
			return nil, err
		}
		return &unixListener{UnixListener: l.(*net.UnixListener)}, nil
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return fail(err)
	}
	unlock, err := lockSocket(ctx, absolute, lockToListen)
	if err != nil {
		return fail(err)
	}
	defer unlock()
	if err := removeStale(ctx, path); err != nil {
		return fail(err)
	}
	inner, err := lc.Listen(ctx, "unix", path)
	if err != nil {
		return nil, err
	}
	l := &unixListener{UnixListener: inner.(*net.UnixListener), path: absolute}
	if c.SocketMode != 0 {
		err = os.Chmod(absolute, c.SocketMode.Perm())
	}
	if err == nil {
		l.file, err = os.Lstat(absolute)
	}
	if err != nil {
		inner.Close() // and the file
		return fail(err)
	}
	l.UnixListener.SetUnlinkOnClose(false)
	return l, nil
}

// SetUnlinkOnClose sets whether the file is removed, if it is still that of l,
// when l is closed or Shutdown is called. The default is true.
func (l *unixListener) SetUnlinkOnClose(unlink bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.keep = !unlink
}

// leave removes the file. Clients that had looked it up may still arrive. If there
// is none to remove, nothing keeps others away.
func (l *unixListener) leave() (window time.Duration) {
	if !l.remove() {
		return 0
	}
	return blindWindow
}

// Close removes the file and closes the socket.
func (l *unixListener) Close() error {
	l.remove()
	return l.UnixListener.Close()
}

// remove removes the file if it is that of l's socket. A server that starts at
// the same time must not be robbed of its own, hence the lock. It reports whether
// the path leads no longer to l.
func (l *unixListener) remove() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil || l.keep {
		return false
	}
	unlock, err := lockSocket(context.Background(), l.path, lockToRemove)
	if err != nil {
		return false // The next server replaces the file.
	}
	defer unlock()
	err = removeSame(l.path, l.file)
	l.file = nil
	return err == nil
}

// removeStale removes the file at path if it is that of a socket on which no process
// listens.
func removeStale(ctx context.Context, path string) error {
	file, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case file.Mode().Type() != fs.ModeSocket:
		return fmt.Errorf("%w: the file is not a socket", syscall.EADDRINUSE)
	}
	var d net.Dialer
	c, err := d.DialContext(ctx, "unix", path)
	switch {
	case err == nil:
		c.Close()
		fallthrough
	case errors.Is(err, syscall.EAGAIN): // its queue is full
		return fmt.Errorf("%w: a server is listening there", syscall.EADDRINUSE)
	case !errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("%w: cannot tell whether a server is listening there: %w", syscall.EADDRINUSE, err)
	}
	return removeSame(path, file)
}

// removeSame removes the file at path if it is still the same.
func removeSame(path string, file fs.FileInfo) error {
	now, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !os.SameFile(now, file):
		return nil
	}
	return os.Remove(path)
}

// lockSocket waits until no other process is starting or closing a listener on path.
// The lock is an empty file, which is removed afterwards: a process that has locked
// the removed file must start again. No other program uses its name.
func lockSocket(ctx context.Context, path string, limit time.Duration) (unlock func(), err error) {
	path = filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".wholeframe-lock")
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for ctx.Err() == nil {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0o600)
		if err != nil {
			return nil, err
		}
		if !isEmpty(f) {
			f.Close()
			return nil, fmt.Errorf("%s must not exist, or be an empty file: it is used as a lock", path)
		}
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil && isAt(f, path) {
			return func() {
				if isEmpty(f) && isAt(f, path) {
					os.Remove(path)
				}
				f.Close()
			}, nil
		}
		f.Close()
		switch {
		case err == nil || err == syscall.EINTR:
			continue
		case err != syscall.EWOULDBLOCK:
			return nil, &fs.PathError{Op: "flock", Path: path, Err: err}
		}
		select {
		case <-time.After(time.Millisecond):
		case <-ctx.Done():
		}
	}
	return nil, fmt.Errorf("another process holds %s: %w", path, ctx.Err())
}

// isEmpty reports whether f is a regular file that is empty.
func isEmpty(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode().IsRegular() && info.Size() == 0
}

// isAt reports whether f is the file at path.
func isAt(f *os.File, path string) bool {
	a, err := f.Stat()
	if err != nil {
		return false
	}
	b, err := os.Lstat(path)
	return err == nil && os.SameFile(a, b)
}
