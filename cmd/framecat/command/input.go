package command

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"os"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/delimiter"
)

// A message is what is to be sent, and where it comes from: "line 3", which has
// size bytes.
type message struct {
	payload []byte
	source  string
	size    int
}

// messages returns what is to be sent: the file, or each line of stdin. An error
// is the last. The payloads are valid for one step.
func (o *options) messages(stdin io.Reader) iter.Seq2[message, error] {
	if o.file != "" {
		return func(yield func(message, error) bool) {
			payload, err := o.readFile(o.file)
			yield(message{payload, o.file, len(payload)}, err)
		}
	}
	return func(yield func(message, error) bool) {
		r := framing.NewReader(stdin, delimiter.Line())
		r.AcceptUnterminated(true)
		r.SetMaxPayload(o.longestLine())
		n, keepsEnd := 0, o.keepsLineEnd()
		for line, err := range r.Frames() {
			n++
			m := message{line, fmt.Sprintf("line %d", n), len(line)}
			if tooLarge := (*framing.TooLargeError)(nil); errors.As(err, &tooLarge) {
				err = fmt.Errorf("line %d: longer than -max-payload %v allows", n, o.maxPayload)
			} else if err == nil && o.hex {
				m.payload, err = fromHex(line)
				if err != nil {
					err = fmt.Errorf("line %d: %w", n, err)
				}
			} else if err == nil && keepsEnd {
				m.payload = append(line[:len(line):len(line)], '\n')
			}
			if !yield(m, err) || err != nil {
				return
			}
		}
	}
}

// keepsLineEnd reports whether the payload of a frame is a line with its end, as
// that of line,keep is: typed lines get one.
func (o *options) keepsLineEnd() bool {
	_, err := o.framing.Framer.Append(nil, []byte("line"))
	if err == nil {
		return false
	}
	const lines = "line\n\n" // of two lengths, which no framing of a fixed size carries
	frames, _ := o.framing.Framer.Append(nil, []byte(lines[:5]))
	frames, _ = o.framing.Framer.Append(frames, []byte(lines[5:]))
	return string(frames) == lines
}

// longestLine returns how many bytes a line of input may have. What is hex may
// have a space after each byte.
func (o *options) longestLine() int {
	switch limit := int(o.maxPayload); {
	case limit < 0 || !o.hex:
		return limit
	case limit > math.MaxInt/3:
		return math.MaxInt
	default:
		return 3 * limit
	}
}

// readFile returns the bytes of a file, and no more than the limit needs to refuse
// them.
func (o *options) readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var r io.Reader = f
	if o.maxPayload >= 0 && int64(o.maxPayload) < math.MaxInt64 {
		r = io.LimitReader(f, int64(o.maxPayload)+1)
	}
	return io.ReadAll(r)
}

// fromHex decodes pairs of hexadecimal digits, with or without spaces.
func fromHex(line []byte) ([]byte, error) {
	digits := bytes.ReplaceAll(line, []byte(" "), nil)
	payload, err := hex.AppendDecode(nil, digits)
	if err != nil {
		return nil, fmt.Errorf("not pairs of hexadecimal digits: %w", err)
	}
	return payload, nil
}
