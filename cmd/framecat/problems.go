package main

import (
	"fmt"
	"io"
	"sync"
)

// problems reports what goes wrong, a line each, and remembers that it did.
type problems struct {
	mu sync.Mutex
	w  io.Writer
	n  int
}

func (p *problems) report(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.n++
	fmt.Fprintf(p.w, "framecat: %s\n", clean(err.Error()))
}

func (p *problems) any() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.n > 0
}
