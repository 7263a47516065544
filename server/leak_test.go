package server_test

import (
	"flag"
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
	// What the runtime starts once, with the first socket, is no leak.
	if l, err := net.Listen("tcp", "127.0.0.1:0"); err == nil {
		l.Close()
	}
	goroutines, open := runtime.NumGoroutine(), len(descriptors())
	flag.Parse()
	flag.Set("test.parallel", "4") // the tests wait most of the time
	code := m.Run()
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
	os.Exit(code)
}

// descriptors returns what is open, where that is known.
var descriptors = func() []string { return nil }
