package main

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

// A message is what is to be sent, and where it comes from: "line 3".
type message struct {
	payload []byte
	source  string
}

// messages returns what is to be sent: the file, or each line of stdin. An error
// is the last. The payloads are valid for one step.
func (o *options) messages(stdin io.Reader) iter.Seq2[message, error] {
	if o.file != "" {
		return func(yield func(message, error) bool) {
			payload, err := o.readFile()
			yield(message{payload, o.file}, err)
		}
	}
	return func(yield func(message, error) bool) {
		r := framing.NewReader(stdin, delimiter.Line())
		r.AcceptUnterminated(true)
		r.SetMaxPayload(o.longestLine())
		n := 0
		for line, err := range r.Frames() {
			n++
			m := message{line, fmt.Sprintf("line %d", n)}
			if tooLarge := (*framing.TooLargeError)(nil); errors.As(err, &tooLarge) {
				err = fmt.Errorf("line %d: longer than -max-payload %v allows", n, o.maxPayload)
			} else if err == nil && o.hex {
				m.payload, err = fromHex(line)
				if err != nil {
					err = fmt.Errorf("line %d: %w", n, err)
				}
			}
			if !yield(m, err) || err != nil {
				return
			}
		}
	}
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

// readFile returns the file's bytes, and no more than the limit needs to refuse
// them.
func (o *options) readFile() ([]byte, error) {
	f, err := os.Open(o.file)
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
