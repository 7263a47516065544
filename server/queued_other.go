//go:build !unix

package server

import "net"

// queued reports that it is unknown whether a connection waits in l's accept queue.
func queued(net.Listener) (waiting, known bool) { return false, false }
