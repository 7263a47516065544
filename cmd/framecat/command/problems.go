package command

import (
	"fmt"
	"io"
	"sync"
)

// problems reports what goes wrong, a line each, and remembers that it did. What
// was printed before comes before.
type problems struct {
	w   io.Writer
	out *screen

	mu sync.Mutex
	n  int
}

func (p *problems) report(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.n++
	p.print(err.Error())
}

// note prints a line about something that is not wrong.
func (p *problems) note(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.print(fmt.Sprintf(format, args...))
}

func (p *problems) print(text string) {
	_ = p.out.Flush() // its error is kept, and reported at the end
	fmt.Fprintf(p.w, "framecat: %s\n", clean(text))
}

func (p *problems) any() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.n > 0
}
