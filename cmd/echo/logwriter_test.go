package main

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

// A slowWriter takes a line when it is let, and fails when it is to.
type slowWriter struct {
	turn chan error
	bytes.Buffer
}

func (w *slowWriter) Write(p []byte) (int, error) {
	if err := <-w.turn; err != nil {
		return 0, err
	}
	return w.Buffer.Write(p)
}

func newLogWriter() (*logWriter, *slowWriter) {
	w := &slowWriter{turn: make(chan error)}
	return &logWriter{w: w, note: func(dropped int) []byte { return fmt.Appendf(nil, "%d dropped\n", dropped) }}, w
}

// C24: a writer that blocks holds nobody up. What there is no room for is
// dropped, and counted where it is missing.
func TestLogWriter_C24_Dropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, w := newLogWriter()
		line := strings.Repeat("x", 1023) + "\n"
		for range 100 {
			n, err := l.Write([]byte(line))
			assert.Equal(t, len(line), n)
			assert.NoError(t, err)
		}
		w.turn <- nil
		synctest.Wait()
		l.Write([]byte("next\n"))
		synctest.Wait()
		close(w.turn)
		l.flush()
		assert.Equal(t, strings.Repeat(line, 64)+"36 dropped\nnext\n", w.String())
	})
}

// Lines that were dropped last are counted too, as soon as there is room.
func TestLogWriter_C24_DroppedLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, w := newLogWriter()
		l.Write(make([]byte, maxBacklog))
		l.Write([]byte("lost\n"))
		close(w.turn)
		l.flush()
		assert.Equal(t, string(make([]byte, maxBacklog))+"1 dropped\n", w.String())
	})
}

// A writer that fails is not tried again until there is another line; then it is
// told what was lost.
func TestLogWriter_C24_Failing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, w := newLogWriter()
		gone := errors.New("the reader is gone")
		for i := range 3 {
			fmt.Fprintf(l, "line %d\n", i)
			w.turn <- gone
			if i > 0 {
				w.turn <- gone // the note
			}
			synctest.Wait()
		}
		fmt.Fprint(l, "heard\n")
		close(w.turn)
		l.flush()
		assert.Equal(t, "3 dropped\nheard\n", w.String())
	})
}

// The end waits for the log, but not long.
func TestLogWriter_C24_Flush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, w := newLogWriter()
		l.flush()
		l.Write([]byte("slow\n"))
		start := time.Now()
		l.flush()
		assert.Equal(t, flushTime, time.Since(start))
		close(w.turn)
		l.flush()
		assert.Equal(t, "slow\n", w.String())
	})
}
