package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"runtime/pprof"
	"testing"
	"time"
)

// leakless runs the tests, and fails when one leaves a goroutine or a
// descriptor behind. It returns the exit code.
func leakless(m *testing.M) int {
	// What is started once, with the first socket and the first signal, is no
	// leak.
	if l, err := net.Listen("tcp", "127.0.0.1:0"); err == nil {
		l.Close()
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt)
	signal.Stop(signals)
	goroutines, open := runtime.NumGoroutine(), len(descriptors())
	code := m.Run()
	http.DefaultClient.CloseIdleConnections()
	for end := time.Now().Add(10 * time.Second); code == 0; time.Sleep(10 * time.Millisecond) {
		left, fds := runtime.NumGoroutine()-goroutines, descriptors()
		if left <= 0 && len(fds) <= open {
			break
		}
		if time.Now().After(end) {
			fmt.Fprintf(os.Stderr, "the tests leave %d goroutines, and %d descriptors more than there were: %q\n", left, len(fds)-open, fds)
			pprof.Lookup("goroutine").WriteTo(os.Stderr, 2)
			code = 1
		}
	}
	return code
}

// descriptors returns what is open, where that is known.
var descriptors = func() []string { return nil }
