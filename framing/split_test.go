package framing_test

import (
	"bufio"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
)

// A Scanner splits every stream, ending anywhere, like a Reader.
func TestSplitFunc(t *testing.T) {
	eachFamily(t, func(t *testing.T, f family) {
		for cut := range len(f.wire) + 1 {
			s := sources[cut%len(sources)]
			scanner := bufio.NewScanner(s.of(strings.NewReader(f.wire[:cut])))
			scanner.Buffer(make([]byte, 1), 1<<10)
			scanner.Split(framing.SplitFunc(f.framer))
			var got []string
			for scanner.Scan() {
				got = append(got, event(scanner.Text(), nil))
			}
			err := scanner.Err()
			if err == nil {
				err = io.EOF
			}
			sameEvents(t, s.name+" "+f.wire[:cut], append(got, event("", err)), f.expect(cut, framing.DefaultMaxPayload))
		}
	})
}

// All errors end a scan, so none matches ErrFrame.
func TestSplitFunc_Errors(t *testing.T) {
	scan := func(f framing.Framer, wire string) (frames int, err error) {
		scanner := bufio.NewScanner(strings.NewReader(wire))
		scanner.Split(framing.SplitFunc(f))
		for scanner.Scan() {
			frames++
		}
		return frames, scanner.Err()
	}

	n, err := scan(escaped{}, "good.b^xad.good.")
	var format *framing.FormatError
	if n != 1 || !errors.As(err, &format) || format.Offset != 5 || !errors.Is(err, errEscape) || errors.Is(err, framing.ErrFrame) {
		t.Errorf("an invalid frame: %d frames, error %T %v; want 1, %v at offset 5", n, err, err, errEscape)
	}

	n, err = scan(lengthprefix.Uint64(), "\x00\x00\x00\x00\x00\x00\x00\x01a\xff\xff\xff\xff\xff\xff\xff\xff")
	var tooLarge *framing.TooLargeError
	if n != 1 || !errors.As(err, &tooLarge) || tooLarge.Offset != 9 || tooLarge.Size != 1<<64-1 || errors.Is(err, framing.ErrFrame) {
		t.Errorf("an impossible size: %d frames, error %T %v; want 1, a *framing.TooLargeError at offset 9", n, err, err)
	}
	if want := "framing: frame at offset 9: payload of 18446744073709551615 bytes exceeds the limit of 9223372036854775799 bytes"; uint64(^uint(0)) > 1<<32 && err.Error() != want {
		t.Errorf("an impossible size:\n got %v\nwant %s", err, want)
	}

	if n, err = scan(lengthprefix.Uint32(), "\x00\x00\x00\x01a\x00\x10\x00\x00"+strings.Repeat("x", 1<<20)); n != 1 || err != bufio.ErrTooLong {
		t.Errorf("a frame over the Scanner's limit: %d frames, error %v; want 1, %v", n, err, bufio.ErrTooLong)
	}
}
