//go:build !linux

package main

import (
	"errors"
	"net"
)

// activated is for Linux only.
func activated(string) (net.Listener, error) {
	return nil, errors.New("socket activation needs Linux")
}
