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
	if err != nil {
		return nil
	}
	if err := syscall.Mprotect(mem[:wallSize], syscall.PROT_NONE); err != nil {
		_ = syscall.Munmap(mem)
		return nil
	}
	return &wall{mem}
}

func (w *wall) close() {
	if w != nil {
		_ = syscall.Munmap(w.mem)
	}
}

// hide returns a copy of data whose first n bytes cannot be examined at. It is
// valid until the next call.
func (w *wall) hide(data []byte, n int) []byte {
	if w == nil || n > wallSize || len(data)-n > wallSize {
		return scramble(data, n)
	}
	b := w.mem[wallSize-n : wallSize-n+len(data) : wallSize-n+len(data)]
	copy(b[n:], data[n:])
	return b
}

// try calls f and reports whether it examined bytes that hide has hidden.
func (w *wall) try(f func()) (examined bool) {
	if w == nil {
		f()
		return false
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		switch r := recover().(type) {
		case nil:
		case interface{ Addr() uintptr }:
			if at := r.Addr() - uintptr(unsafe.Pointer(unsafe.SliceData(w.mem))); at >= wallSize {
				panic(r)
			}
			examined = true
		default:
			panic(r)
		}
	}()
	f()
	return false
}
