package command

import (
	"bufio"
	"io"
	"sync"
)

// A screen is standard output, or a file that is written along with it: what is written to it in one call stays together.
// After an error it takes nothing more, and returns that error again.
type screen struct {
	paint painter
	mu    sync.Mutex
	w     *bufio.Writer
}

func newScreen(w io.Writer, paint painter) *screen {
	return &screen{paint: paint, w: bufio.NewWriter(w)}
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.w.Write(p)
}

func (s *screen) Flush() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.w.Flush()
}
