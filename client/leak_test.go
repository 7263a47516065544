package client_test

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"runtime/pprof"
	"testing"
	"time"
)

// TestMain fails if a goroutine or a descriptor remains after the tests.
func TestMain(m *testing.M) {
	// What the runtime starts once, with the first socket, is not a leak.
	if l, err := net.Listen("tcp", "127.0.0.1:0"); err == nil {
		l.Close()
	}
	goroutines, open := runtime.NumGoroutine(), descriptors()
	code := m.Run()
	for end := time.Now().Add(10 * time.Second); code == 0; time.Sleep(10 * time.Millisecond) {
		left, fds := runtime.NumGoroutine()-goroutines, descriptors()-open
		if left <= 0 && fds <= 0 {
			break
		}
		if time.Now().After(end) {
			fmt.Fprintf(os.Stderr, "the tests leave %d goroutines and %d descriptors\n", left, fds)
			pprof.Lookup("goroutine").WriteTo(os.Stderr, 2)
			code = 1
		}
	}
	os.Exit(code)
}

// descriptors returns the number of open descriptors, or 0 where /proc does not exist.
func descriptors() int {
	open, _ := os.ReadDir("/proc/self/fd")
	return len(open)
}
