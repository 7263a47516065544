package framing

import (
	"bufio"
	"math"
)

// SplitFunc returns a function that makes a [bufio.Scanner] cut frames with f.
// It keeps state: make one for each Scanner.
//
// The limit is the Scanner's, on whole frames (64 KiB, or what Scanner.Buffer
// was told), and every error ends the scan: use a [Reader] to go on behind a
// bad frame. A stream that ends inside a frame is an [*UnexpectedEOFError].
func SplitFunc(f Framer) bufio.SplitFunc {
	var (
		offset int64
		seen   int
		size   int // of the frame at the front; 0: not announced
		want   = 1
	)
	return func(data []byte, atEOF bool) (advance int, token []byte, err error) {
		for len(data) >= want {
			frame, err := f.Split(data, seen)
			switch {
			case err == ErrIdle && frame.Size > 0:
				n := min(frame.Size, len(data))
				offset += int64(n)
				advance += n
				data, seen, size, want = data[n:], 0, 0, 1
			case err != nil:
				return 0, nil, lost(err, data, math.MaxInt, offset)
			case frame.Size == 0:
				seen, size, want = frame.Seen, 0, len(data)+1
			case frame.Size > len(data):
				seen, size, want = 0, frame.Size, frame.Size
			default:
				seen, want = 0, 1
				offset += int64(frame.Size)
				return advance + frame.Size, data[frame.Start:frame.End:frame.End], nil
			}
		}
		if atEOF && len(data) > 0 {
			return 0, nil, &UnexpectedEOFError{Have: int64(len(data)), Want: int64(size), Offset: offset}
		}
		return advance, nil, nil
	}
}
