package main

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/spec"
)

const (
	// unknownLimit is the largest message that is sent to a server whose limit is
	// not known.
	unknownLimit = 64 << 10

	largest = 1 << 21 // no message is larger, unless the limit is

	// lettersPeriod is after how many letters they repeat: a prime, so that no buffer
	// is a multiple of it.
	lettersPeriod = 4093
)

// messages makes the payloads that are sent: letters, in the form that the framing
// asks for, or those of the user.
type messages struct {
	framer framing.Framer
	limit  int // of the server; 0: not known
	given  [][]byte

	before, after string // what a payload begins and ends with
	least, most   int    // sizes of payloads
	fill          []byte // nil: the framing has none
}

// forms are what may have to be around letters for a framing to carry them: a JSON
// string, a text that ends in a line, a value of RESP, a protocol command.
var forms = [][2]string{{"", ""}, {`"`, `"`}, {"", "\r\n"}, {"", "\n"}, {"+", "\r\n"}, {"+OK ", "\r\n"}}

// fills are what is fill in some framing.
var fills = []string{"\r\n", "\n", " ", "\xc0", "\x7e", "\x00", "\x00\x00\x00\x00"}

var errNoForm = errors.New("messages of letters cannot be carried in this framing; give messages that the server accepts, with -message FILE")

// newMessages returns the source of messages for a framing. given are payloads of the
// user; if there are none, letters are sent.
func newMessages(f framing.Framer, limit int, given [][]byte) (*messages, error) {
	m := &messages{framer: f, limit: limit, given: given}
	for _, p := range given {
		if _, err := f.Append(nil, p); err != nil {
			return nil, fmt.Errorf("-message: %w", err)
		}
		if limit > 0 && len(p) > limit {
			return nil, fmt.Errorf("-message: a message of %d bytes is larger than -max-payload %v", len(p), spec.Size(limit))
		}
	}
	for _, text := range fills {
		if frame, _, err := f.Split([]byte(text), framing.Resume{}); err == framing.ErrFill && frame.Size == len(text) {
			m.fill = []byte(text)
			break
		}
	}
	if given != nil {
		return m, nil
	}
	if size, ok := f.(interface{ Size() int }); ok && m.carries(size.Size()) && !m.carries(max(1, size.Size()-1)) {
		m.least, m.most = size.Size(), size.Size()
		return m, nil
	}
	for _, form := range forms {
		m.before, m.after = form[0], form[1]
		m.least = len(m.before) + len(m.after)
		if !m.carries(m.least + 1) {
			continue
		}
		if !m.carries(m.least) {
			m.least++ // without a letter it is not a message
		}
		if m.most = max(largest, 2*limit); m.carries(m.most) {
			return m, nil
		}
		m.most = m.least
		for step := largest; step > 0; step /= 2 {
			if m.carries(m.most + step) {
				m.most += step
			}
		}
		return m, nil
	}
	return m, errNoForm
}

// carries reports whether the framing carries letters of that size.
func (m *messages) carries(size int) bool {
	letters := bytes.Repeat([]byte("x"), max(0, size-len(m.before)-len(m.after)))
	copy(letters, "1.")
	_, err := m.framer.Append(nil, m.around(letters))
	return err == nil
}

// anySize reports whether messages of different sizes can be sent.
func (m *messages) anySize() bool { return m.given == nil && m.least < m.most }

// allowed returns the size that is nearest to size and within the limit.
func (m *messages) allowed(size int) int {
	limit := m.limit
	if limit == 0 {
		limit = unknownLimit
	}
	return max(min(size, limit, m.most), m.least)
}

// payload returns the message of that number: one of the user's, or letters that begin
// with the number where there is room.
func (m *messages) payload(number, size int) []byte {
	if m.given != nil {
		return m.given[number%len(m.given)]
	}
	return m.letters(number, size)
}

func (m *messages) letters(number, size int) []byte {
	room := max(0, size-len(m.before)-len(m.after))
	b := fmt.Appendf(make([]byte, 0, room+8), "%d.", number)
	block := randomLetters()
	at := (number*131 + size) % len(block) // another beginning for each message
	for len(b) < room {
		b = append(b, block[at:min(at+room-len(b), len(block))]...)
		at = 0
	}
	return m.around(b[:room])
}

// randomLetters returns the letters of all messages: to draw them anew for each takes
// longer than a server may let its client be idle.
var randomLetters = sync.OnceValue(func() []byte {
	b := make([]byte, lettersPeriod)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range b {
		b[i] = "abcdefghijklmnopqrstuvwxyz012345"[r.Uint64()&31]
	}
	return b
})

// around returns letters in the form that the framing asks for.
func (m *messages) around(letters []byte) []byte {
	return slices.Concat([]byte(m.before), letters, []byte(m.after))
}

// announce returns the header of a message of size bytes, or nil if the framing
// announces none.
func (m *messages) announce(size int) []byte {
	e, ok := m.framer.(framing.Encloser)
	if !ok {
		return nil
	}
	one, err := e.AppendHeader(nil, nil, int64(size))
	if err != nil {
		return nil
	}
	frame, _, err := m.framer.Split(bytes.Clone(append(one, 'x')), framing.Resume{})
	if err != nil || frame.Size <= len(one) || frame.Start != len(one) || frame.End-frame.Start != size {
		return nil
	}
	return one
}

// announces reports whether headers announce the size of a message.
func (m *messages) announces() bool { return m.announce(40) != nil && m.announce(41) != nil }

// refuses reports whether the framing does not allow a stream that begins so.
func (m *messages) refuses(wire []byte) bool {
	buf := framing.NewBuffer(m.framer)
	buf.SetMaxPayload(math.MaxInt32)
	buf.Write(wire)
	_, _, err := buf.Next()
	var format *framing.FormatError
	return errors.As(err, &format)
}

// frames returns a payload of size bytes that are whole frames, or nil if the framing
// cannot carry that.
func (m *messages) frames(size int) []byte {
	one, err := m.framer.Append(nil, m.letters(1, max(m.least, 20)))
	if err != nil || len(one) > size {
		return nil
	}
	all := bytes.Repeat(one, size/len(one)+1)[:size]
	if _, err := m.framer.Append(nil, all); err != nil {
		return nil
	}
	return all
}

// frame returns the frame of a payload.
func (m *messages) frame(payload []byte) ([]byte, *verdict) {
	wire, err := m.framer.Append(nil, payload)
	if err != nil {
		return nil, inapplicable("the framing cannot carry %s", quote(payload))
	}
	return wire, nil
}

// quote returns bytes as a Go string, the beginning of them if they are many.
func quote(b []byte) string {
	if len(b) > 40 {
		return fmt.Sprintf("%q… (%d bytes)", b[:32], len(b))
	}
	return fmt.Sprintf("%q", b)
}
