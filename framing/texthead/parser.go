package texthead

import (
	"bytes"

	"github.com/wholeframe/wholeframe/framing"
)

// A parser reads a head as it arrives. It reads each byte once, except for a name that
// may announce a size and its digits, which it reads again until they are complete.
type parser struct {
	pos    int  // where next begins
	next   part // the part to be read next
	digits int  // where the announced size begins, or 0
}

// A part of a frame.
type part uint8

const (
	firstLine part = iota
	line           // a name that may announce a size, or the end of the head
	afterSize      // the same, on the line after the one with the size
	rest           // the rest of another line
	beforeSize
	size
	sizeEnd  // blanks and the end of the line
	complete // the head is complete
	toNUL    // a body that ends at a NUL
)

// maxName is the size of a name that may announce a size, with the blanks that follow.
const maxName = 32

// resume returns the parser that was saved in r.
func resume(r framing.Resume) parser {
	return parser{pos: r.Pos, next: part(r.State & 0xff), digits: int(r.State >> 8)}
}

// save returns the Resume from which the parser can be restored.
func (p *parser) save() framing.Resume {
	return framing.Resume{Pos: p.pos, State: uint64(p.next) | uint64(p.digits)<<8}
}

// parse reads the bytes of head that have arrived since. It stops where more are needed.
func (p *parser) parse(f *Framer, head []byte) error {
	for p.pos < len(head) && p.next != complete {
		data := head[p.pos:]
		n, more, err := 0, false, error(nil)
		next := p.next
		switch p.next {
		case firstLine, rest:
			n, more, err = f.line(data)
			switch {
			case more:
			case f.verbs != nil:
				next = complete
			default:
				next = line
			}
		case line, afterSize:
			if p.next == afterSize && isBlank(data[0]) && f.crlf {
				return errFolded
			}
			if n, more, err = f.lineEnd(data); n > 0 {
				next = complete
			} else if !more && err == nil {
				n, next, more, err = p.name(f, data)
			}
		case beforeSize:
			if n = blanks(data); n < len(data) {
				p.digits, next = p.pos+n, size
			}
		case size:
			n, err = number(data)
			if more = n == len(data); more {
				n = 0
			}
			next = sizeEnd
		case sizeEnd:
			if n = blanks(data); n == len(data) {
				break
			}
			end := 0
			end, more, err = f.lineEnd(data[n:])
			switch {
			case end > 0:
				n, next = n+end, afterSize
			case !more && err == nil:
				err = badDigit(data[n])
			}
		}
		if err != nil {
			return err
		}
		p.pos += n
		if more {
			return nil
		}
		p.next = next
	}
	return nil
}

// name reads the name that a line begins with. If more is true, it is not complete.
func (p *parser) name(f *Framer, data []byte) (n int, next part, more bool, err error) {
	data = data[:min(len(data), maxName)]
	i := bytes.IndexAny(data, ":\n")
	switch {
	case i < 0 && len(data) < maxName:
		return 0, p.next, true, nil
	case i < 0 && f.announces(data):
		return 0, p.next, false, errBlanks
	case i < 0 || data[i] == '\n' || !f.announces(data[:i]):
		return 0, rest, false, nil
	case p.digits > 0:
		return 0, p.next, false, errDuplicate
	}
	return i + 1, beforeSize, false, nil
}

// announces reports whether the field of that name announces a size.
func (f *Framer) announces(name []byte) bool {
	for _, field := range f.fields {
		if string(name) == field || f.fold && bytes.EqualFold(bytes.TrimRight(name, " \t"), []byte(field)) {
			return true
		}
	}
	return false
}

// line returns how many bytes of data belong to a line. If more is true, it does not end
// there. A "\r" is left until the next byte tells whether the line ends.
func (f *Framer) line(data []byte) (n int, more bool, err error) {
	i := bytes.IndexByte(data, '\n')
	switch {
	case i < 0 && data[len(data)-1] == '\r':
		return len(data) - 1, true, nil
	case i < 0:
		return len(data), true, nil
	case f.crlf && (i == 0 || data[i-1] != '\r'):
		return 0, false, errLF
	}
	return i + 1, false, nil
}

// lineEnd returns the size of the end of a line that data begins with, or 0. If more is
// true, that is not known yet.
func (f *Framer) lineEnd(data []byte) (n int, more bool, err error) {
	switch {
	case data[0] == '\n' && f.crlf:
		return 0, false, errLF
	case data[0] == '\n':
		return 1, false, nil
	case data[0] != '\r':
		return 0, false, nil
	case len(data) == 1:
		return 0, true, nil
	case data[1] != '\n':
		return 0, false, nil
	}
	return 2, false, nil
}
