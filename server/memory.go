package server

import "sync"

// blockSize is the memory that a connection reads into, and gathers answers in,
// while its messages are small.
const blockSize = 4 << 10

// A memory is what a connection works with; while it waits for a message it
// needs none.
type memory struct{ in, out []byte }

func (m *memory) isLarge() bool { return max(len(m.in), len(m.out)) > blockSize }

// memories are those that no connection needs at the moment. Large ones are
// apart: only who has filled one gets one, or small messages could tie up more
// than arrives with them.
type memories struct{ small, large sync.Pool }

// get returns a memory, a large one only if large is true and there is one.
func (s *memories) get(large bool) *memory {
	if large {
		if m, ok := s.large.Get().(*memory); ok {
			return m
		}
	}
	if m, ok := s.small.Get().(*memory); ok {
		return m
	}
	return &memory{in: make([]byte, blockSize), out: make([]byte, blockSize)}
}

func (s *memories) put(m *memory) {
	if m.isLarge() {
		s.large.Put(m)
	} else {
		s.small.Put(m)
	}
}

// borrow makes sure that the connection has memory to work with.
func (c *Conn) borrow() {
	if c.mem == nil {
		c.mem = c.srv.memories.get(c.large)
		c.buf.Lend(c.mem.in)
		c.replies.Lend(c.mem.out)
	}
}

// giveBack gives the memory back, unless something waits in it.
func (c *Conn) giveBack() {
	if c.mem == nil || len(c.buf.Bytes()) > 0 || c.replies.Buffered() > 0 {
		return
	}
	c.mem.in, c.mem.out = c.buf.Release(), c.replies.Release()
	c.large = c.mem.isLarge()
	c.srv.memories.put(c.mem)
	c.mem = nil
}
