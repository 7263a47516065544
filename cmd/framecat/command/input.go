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

// messages returns what is to be sent: the file, or each line of stdin, or, with
// -framed, each frame of either. An error is the last. The payloads are valid for one
// step.
func (o *options) messages(stdin io.Reader) iter.Seq2[message, error] {
	if o.file != "" && !o.framed {
		return func(yield func(message, error) bool) {
			payload, err := o.readFile(o.file)
			yield(message{payload, o.file, len(payload)}, err)
		}
	}
	return func(yield func(message, error) bool) {
		src, closeInput, err := o.input(stdin)
		if err != nil {
			yield(message{}, err)
			return
		}
		defer closeInput()
		r := framing.NewReader(src, o.inputFraming())
		r.AcceptUnterminated(true)
		r.SetMaxPayload(o.longestInput())
		n := 0
		for payload, err := range r.Frames() {
			n++
			m := message{payload, o.source(n), len(payload)}
			if tooLarge := (*framing.TooLargeError)(nil); errors.As(err, &tooLarge) {
				err = fmt.Errorf("longer than -max-payload %v allows", o.maxPayload)
			} else if err == nil && o.hex {
				m.payload, err = fromHex(payload)
			} else if err == nil && !o.framed {
				m.payload, err = o.typed(payload)
			}
			if err != nil {
				err = fmt.Errorf("%s: %w", m.source, err)
			}
			if !yield(m, err) || err != nil {
				return
			}
		}
	}
}

// inputFraming returns what splits the input into messages.
func (o *options) inputFraming() framing.Framer {
	if o.framed {
		return o.framing.Framer
	}
	return delimiter.Line()
}

// source returns where message n of the input comes from.
func (o *options) source(n int) string {
	if o.framed {
		return fmt.Sprintf("message %d", n)
	}
	return fmt.Sprintf("line %d", n)
}

// input returns stdin, or -file, and what closes it.
func (o *options) input(stdin io.Reader) (src io.Reader, closeInput func() error, err error) {
	if o.file == "" {
		return stdin, func() error { return nil }, nil
	}
	f, err := os.Open(o.file)
	if err != nil {
		return nil, nil, err
	}
	return f, f.Close, nil
}

// typed returns the payload to send for a line of input: the line, with a line end if
// the framing delivers it as part of the payload, as line,keep, redis and dot do.
func (o *options) typed(line []byte) ([]byte, error) {
	f := o.framing.Framer
	refused := refusal(f, line)
	if refused == nil {
		return line, nil
	}
	end := "\r\n"
	if refusal(f, []byte("\n")) == nil { // as in line,keep
		end = "\n"
	}
	ended := append(line[:len(line):len(line)], end...)
	begun := line
	if len(begun) == 0 {
		begun = []byte("x") // Split takes no empty data
	}
	// If the size is known before the end, as in fixed, the end would be content.
	if size, err := split(f, begun); err == nil && size == 0 && refusal(f, ended) == nil {
		return ended, nil
	}
	if size, err := split(f, ended); err == nil && (size == 0 || size > len(ended)) {
		return nil, fmt.Errorf("%w; a message of several lines needs -framed, one of other bytes -hex", refused)
	}
	return nil, refused
}

// refusal returns the error with which a framing refuses a payload, or nil.
func refusal(f framing.Framer, payload []byte) error {
	_, err := f.Append(nil, payload)
	return err
}

// split returns the size of the frame that data begins with, 0 if it is not known yet.
func split(f framing.Framer, data []byte) (size int, err error) {
	frame, _, err := f.Split(bytes.Clone(data), framing.Resume{}) // which may rewrite data
	return frame.Size, err
}

// longestInput returns how many bytes a message of input may have. What is hex may
// have a space after each byte.
func (o *options) longestInput() int {
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
