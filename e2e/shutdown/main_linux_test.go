package shutdown

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// temporary is a directory that all tests have.
var temporary string

// TestMain sees to it that no test leaves a goroutine or a descriptor behind.
func TestMain(m *testing.M) {
	before := descriptors()
	var err error
	if temporary, err = os.MkdirTemp("", "shutdown"); err != nil {
		panic(err)
	}
	code := m.Run()
	os.RemoveAll(temporary)
	if err := goleak.Find(); code == 0 && err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	if after := descriptors(); code == 0 && after != before {
		fmt.Fprintf(os.Stderr, "%d descriptors were open before the tests, %d are after them\n", before, after)
		code = 1
	}
	os.Exit(code)
}

// descriptors returns how many are open. The runtime's own, which come with the
// first connection, are there.
func descriptors() int {
	r, w, err := os.Pipe()
	if err == nil {
		r.Close()
		w.Close()
	}
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		panic(err)
	}
	return len(entries)
}
