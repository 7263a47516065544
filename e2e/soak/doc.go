// Package soak holds a run of any length of server.Server under clients that
// come and go. It prints the frames that were echoed and checked, and how
// memory, goroutines and descriptors changed, as slopes:
//
//	go -C e2e test ./soak -run Soak -soak=20m -timeout 30m -v
//
// Server and clients share the process, so its figures are those of both.
package soak
