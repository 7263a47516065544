// Package e2e holds tests that run the reference server with tools that are not
// Go: nc (netcat-openbsd), xxd, Prometheus and a shell. It is a module of its own, so that
// the tests of the main module need nothing but Go.
package e2e
