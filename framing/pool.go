package framing

import (
	"math/bits"
	"sync"
)

// A Pool is memory that many Buffers and Writers share: those of a server's
// connections, say, of which most wait at any time and hold nothing. What they
// take from it as bytes arrive, and give back when they outgrow it or are
// released, is used again; what nobody needs the garbage collector gets. The
// zero value is an empty Pool. It is safe for concurrent use.
type Pool struct {
	classes [maxClass - minClass + 1]sync.Pool // of *block
}

// Blocks have sizes that are powers of two.
const (
	minClass = 12 // 4 KiB: minBuffer
	maxClass = 21 // 2 MiB: what is larger is not kept
)

// A block is memory of a Pool.
type block struct {
	mem  []byte
	home *sync.Pool // nil: it is not kept
}

// get returns a block of n bytes or more.
func (p *Pool) get(n int) *block {
	class := max(bits.Len(uint(n-1))-minClass, 0)
	if class >= len(p.classes) {
		return &block{mem: make([]byte, n)}
	}
	home := &p.classes[class]
	if b, ok := home.Get().(*block); ok {
		return b
	}
	return &block{mem: make([]byte, 1<<(class+minClass)), home: home}
}

// giveBack gives b, which may be nil, back to its Pool.
func (b *block) giveBack() {
	if b != nil && b.home != nil {
		b.home.Put(b)
	}
}
