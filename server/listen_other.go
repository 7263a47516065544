//go:build !linux

package server

import "net"

// A tcpListener keeps new clients away on Linux only.
type tcpListener struct{ *net.TCPListener }

func reusePort(*net.ListenConfig) error {
	return &ConfigError{"ReusePort", "needs Linux"}
}
