//go:build !linux

package main

import (
	"net"
	"syscall"
)

// unacknowledged returns 0: it is not known.
func unacknowledged(*net.TCPConn) int { return 0 }

// smallBuffer does nothing: the client reads late all the same.
func smallBuffer(_, _ string, _ syscall.RawConn) error { return nil }

// peerHasEnded reports that it is not known.
func peerHasEnded(*net.TCPConn) (is, known bool) { return false, false }
