//go:build linux || darwin

package framingtest

import (
	"runtime/debug"
	"syscall"
	"unsafe"
)

const wallSize = 1 << 20

// A wall is memory whose first half cannot be read or written.
type wall struct{ mem []byte }

// newWall returns a wall, or nil if the system refuses one.
func newWall() *wall {
	mem, err := syscall.Mmap(-1, 0, 2*wallSize, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err == nil {
		err = syscall.Mprotect(mem[:wallSize], syscall.PROT_NONE)
	}
	if err != nil {
		return nil
	}
	return &wall{mem}
}

// close may be called repeatedly: the memory may be another's by then.
func (w *wall) close() {
	if w != nil && w.mem != nil {
		_ = syscall.Munmap(w.mem)
		w.mem = nil
	}
}

// hide returns a copy of data, of at most wallSize bytes, of which the first n cannot
// be examined. It is valid until the next call.
func (w *wall) hide(data []byte, n int) []byte {
	b := w.mem[wallSize-n:][:len(data):len(data)]
	copy(b[n:], data[n:])
	return b
}

// examined calls f and reports whether it examined bytes that hide has hidden. It
// ends f there.
func (w *wall) examined(f func()) (hidden bool) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		switch r := recover().(type) {
		case nil:
		case interface{ Addr() uintptr }:
			if at := r.Addr() - uintptr(unsafe.Pointer(unsafe.SliceData(w.mem))); at >= wallSize {
				panic(r)
			}
			hidden = true
		default:
			panic(r)
		}
	}()
	f()
	return false
}
