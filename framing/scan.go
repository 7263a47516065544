package framing

import (
	"bufio"
	"io"
)

// SplitFunc returns a function that makes a [bufio.Scanner] split frames with f.
// The function keeps state: each Scanner needs its own.
//
// The limit is the Scanner's, on complete frames: 64 KiB, or what was passed to
// Scanner.Buffer. Every error ends the scan; a [Reader] can continue after an
// invalid frame. A stream that ends inside a frame is an [*UnexpectedEOFError];
// so, unlike with [bufio.ScanLines], is a last line without "\n".
func SplitFunc(f Framer) bufio.SplitFunc {
	b := NewBuffer(f)
	b.SetMaxPayload(-1)
	return func(data []byte, atEOF bool) (advance int, token []byte, err error) {
		b.mem.buf, b.r, b.w = data, 0, len(data)
		payload, ok, err := b.Next()
		if atEOF && !ok && err == nil {
			if _, err = b.Finish(); err == io.EOF {
				err = nil
			}
		}
		advance = b.r
		b.base += int64(advance)
		b.mem.buf, b.r, b.w = nil, 0, 0
		if ok {
			return advance, payload, nil
		}
		switch e := err.(type) { // nothing follows in this Scanner
		case *TooLargeError:
			e.Final = true
		case *FormatError:
			e.Final = true
		}
		return advance, nil, err
	}
}
