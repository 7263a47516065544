//go:build !unix || aix || (solaris && !illumos)

package server

import (
	"context"
	"net"
	"os"
)

// A unixListener is net's: it neither replaces a file that was left nor looks
// whose file it removes.
type unixListener struct{ *net.UnixListener }

func (c *ListenConfig) listenUnix(ctx context.Context, path string) (net.Listener, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "unix", path)
	if err != nil {
		return nil, err
	}
	if c.SocketMode != 0 {
		if err := os.Chmod(path, c.SocketMode.Perm()); err != nil {
			l.Close()
			return nil, err
		}
	}
	return &unixListener{l.(*net.UnixListener)}, nil
}
