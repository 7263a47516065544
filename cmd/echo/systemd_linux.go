package main

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// firstPassed is the first descriptor that a service manager passes on.
const firstPassed = 3

// activated returns the listener that the service manager has passed on under
// name, as sd_listen_fds_with_names(3) describes. Nothing of what the environment
// says is taken for granted.
func activated(name string) (net.Listener, error) {
	pid, count := os.Getenv("LISTEN_PID"), os.Getenv("LISTEN_FDS")
	if pid == "" || count == "" {
		return nil, errors.New("no socket was passed on: LISTEN_PID and LISTEN_FDS are not set; start the socket unit, not the service")
	}
	if pid != strconv.Itoa(os.Getpid()) {
		return nil, fmt.Errorf("the sockets are for another process: LISTEN_PID is %q, and this process is %d", pid, os.Getpid())
	}
	n, err := strconv.Atoi(count)
	if err != nil || n < 1 {
		return nil, fmt.Errorf("LISTEN_FDS is %q; want the number of sockets, 1 or more", count)
	}
	names := strings.Split(cmp.Or(os.Getenv("LISTEN_FDNAMES"), "unknown"), ":")
	if len(names) != n {
		return nil, fmt.Errorf("LISTEN_FDS is %d, and LISTEN_FDNAMES has %d names; want one for each socket", n, len(names))
	}
	i := slices.Index(names, name)
	switch {
	case i < 0:
		return nil, fmt.Errorf("no socket has the name %q; want one of %q", name, names)
	case slices.Contains(names[i+1:], name):
		return nil, fmt.Errorf("several sockets have the name %q; want FileDescriptorName= in a socket unit for each", name)
	}
	fd := firstPassed + i
	listening, err := syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_ACCEPTCONN)
	switch {
	case err != nil:
		return nil, fmt.Errorf("descriptor %d: %w; want a listening socket", fd, err)
	case listening == 0:
		return nil, fmt.Errorf("descriptor %d is not listening; want Accept=no in the socket unit", fd)
	}
	f := os.NewFile(uintptr(fd), name)
	defer f.Close() // FileListener duplicates it
	return net.FileListener(f)
}
