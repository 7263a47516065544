package framing

import (
	"math/bits"
	"sync"
)

const (
	minBuffer    = 4 << 10  // initial size of a buffer
	maxReadAhead = 64 << 10 // a full read doubles the buffer up to this size; larger ones hold a larger frame
	maxPooled    = 2 << 20  // larger buffers are not pooled
)

// reviewEvery is the number of uses between reviews of a buffer's size. It is
// odd so that when two buffers alternate, both are reviewed.
const reviewEvery = 17

// memory is the buffer of a Buffer or a Writer. It decides how the buffer grows, and
// when a large one is given up. All sizes are those of roundUp.
type memory struct {
	buf   []byte
	block *block // the origin of buf, if that is pool
	pool  *Pool  // where buffers come from, or nil
	least int    // the smallest size
	first int    // the size to start with after a release
	uses  int    // since the last review
	peak  int    // the most bytes in use since then
}

// replace makes buf a buffer of size bytes or more that starts with a copy of
// keep, which may be a part of the old one.
func (m *memory) replace(size int, keep []byte) {
	size = roundUp(max(size, m.least))
	old := m.block
	if m.pool == nil {
		m.buf, m.block = make([]byte, size), nil
	} else {
		m.block = m.pool.get(size)
		m.buf = m.block.mem
	}
	copy(m.buf, keep)
	old.giveBack()
}

// note records that n bytes of the buffer are in use.
func (m *memory) note(n int) {
	m.uses++
	m.peak = max(m.peak, n)
}

// fit returns the size that the buffer should have: after reviewEvery uses of
// which none took more than a quarter, twice what was used.
func (m *memory) fit() int {
	size := cap(m.buf)
	if m.uses < reviewEvery {
		return size
	}
	if m.peak <= size/4 {
		size = min(size, roundUp(max(m.least, 2*m.peak)))
	}
	m.uses, m.peak = 0, 0
	return size
}

// empty makes buf, which was written, a buffer of no bytes, or gives it up if it is
// larger than needed.
func (m *memory) empty() {
	m.note(len(m.buf))
	if m.fit() < cap(m.buf) {
		m.drop()
		return
	}
	m.buf = m.buf[:0]
}

// drop gives the buffer up.
func (m *memory) drop() {
	m.block.giveBack()
	m.buf, m.block = nil, nil
}

// release gives the buffer up, if there is one. With a Pool, the next one starts with
// the same size, or half of it if no use took more than a quarter, but not with more
// than maxReadAhead.
func (m *memory) release() {
	if m.buf == nil {
		return
	}
	size := cap(m.buf)
	if m.uses > 0 && m.peak <= size/4 {
		size /= 2
	}
	m.drop()
	m.first = 0
	if m.pool != nil {
		m.first = min(size, maxReadAhead)
	}
	m.uses, m.peak = 0, 0
}

// roundUp returns the buffer size for n bytes. There are four sizes to each
// doubling: 4, 5, 6, 7, 8, 10, 12, 14, 16, 20 KiB and so on.
func roundUp(n int) int {
	if n <= 8 {
		return n
	}
	step := 1 << (bits.Len(uint(n-1)) - 3)
	return (n + step - 1) &^ (step - 1)
}

// A Pool is a cache of buffer memory shared by Buffers, Readers, Writers and
// Conns, such as those of a server's connections. Memory is taken from the Pool
// when data arrives, and returned when a buffer is outgrown or released. Buffers
// larger than 2 MiB are not pooled. The zero Pool is ready to use. A Pool is
// safe for concurrent use.
type Pool struct {
	sizes [4*9 + 1]sync.Pool // of *block, from minBuffer to maxPooled
}

// A block is memory of a Pool.
type block struct {
	mem  []byte
	home *sync.Pool // nil if mem is too large to be pooled
}

// get returns a block of size bytes, which is a size of roundUp, minBuffer or
// more.
func (p *Pool) get(size int) *block {
	if size < minBuffer || size > maxPooled {
		return &block{mem: make([]byte, size)}
	}
	doubling := bits.Len(uint(size-1)) - 1
	quarter := size>>(doubling-2) - 4
	home := &p.sizes[4*(doubling-11)+quarter-4]
	if b, ok := home.Get().(*block); ok {
		return b
	}
	return &block{mem: make([]byte, size), home: home}
}

// giveBack returns b, which may be nil, to its Pool.
func (b *block) giveBack() {
	if b != nil && b.home != nil {
		b.home.Put(b)
	}
}
