package texthead

import (
	"bytes"
	"fmt"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/internal/decimal"
	"github.com/wholeframe/wholeframe/framing/internal/text"
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
	firstLine  part = iota
	afterFirst      // a name that may announce a size, or the end of the head
	line            // the same, on another line
	afterSize       // the same, on the line after the one with the size
	otherName       // the rest of another name
	nameEnd         // blanks and the colon after it
	rest            // the rest of another line
	folded          // a line that continues the one before
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
			if p.pos == 0 {
				if more, err = f.first(data); more || err != nil {
					break
				}
			}
			if n = f.text.SpanText(data); n == len(data) {
				break
			}
			end := 0
			end, more, err = f.lineEnd(data[n:])
			n += end
			switch {
			case f.verbs != nil:
				next = complete
			case p.next == firstLine:
				next = afterFirst
			default:
				next = line
			}
		case afterFirst, line, afterSize:
			switch c := data[0]; {
			case c == '\r' || c == '\n':
				n, more, err = f.lineEnd(data)
				next = complete
			case !isBlank(c):
				n, next, more, err = p.name(f, data)
			case p.next == line && f.crlf:
				next = folded
			case p.next == afterSize && f.crlf:
				err = errFolded
			default:
				err = errBlank
			}
		case otherName:
			if n = f.names.Span(data); n < len(data) {
				next = nameEnd
			}
		case nameEnd:
			if n = blanks(data); n == len(data) {
				break
			}
			if data[n] != ':' {
				err = f.badName(data[n])
			}
			n, next = n+1, rest
		case folded:
			if n = blanks(data); n == len(data) {
				break
			}
			if next = rest; data[n] == '\r' || data[n] == '\n' {
				err = errBlanksOnly
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
			if data[n] != '\r' && data[n] != '\n' {
				err = badDigit(data[n])
				break
			}
			end := 0
			end, more, err = f.lineEnd(data[n:])
			n, next = n+end, afterSize
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
	head := data[:min(len(data), maxName)]
	n = f.names.Span(head)
	end := n + blanks(head[n:])
	name := head[:n]
	for len(name) > 0 && isBlank(name[len(name)-1]) { // of STOMP, whose names may have blanks
		name = name[:len(name)-1]
	}
	switch announces := f.announces(name); {
	case end == len(head) && end < maxName:
		return 0, p.next, true, nil
	case n == 0 || end < len(head) && head[end] != ':':
		return 0, p.next, false, f.badName(head[end])
	case !announces && end < len(head):
		return end + 1, rest, false, nil
	case !announces:
		return n, otherName, false, nil
	case end == len(head):
		return 0, p.next, false, errBlanks
	case n > len(name):
		return 0, p.next, false, errBlankAfter
	case p.digits > 0:
		return 0, p.next, false, errDuplicate
	}
	return end + 1, beforeSize, false, nil
}

// announces reports whether the field of that name announces a size.
func (f *Framer) announces(name []byte) bool {
	for _, field := range f.fields {
		if string(name) == field || f.folds(name, field) {
			return true
		}
	}
	return false
}

// folds reports whether name is want in upper or lower case, and these are the same here.
// To EqualFold, "ſ" is an s, too, but it has two bytes.
func (f *Framer) folds(name []byte, want string) bool {
	return f.fold && len(name) == len(want) && bytes.EqualFold(name, []byte(want))
}

// badName returns the error for c in the name of a field.
func (f *Framer) badName(c byte) error {
	if c == '\n' && f.crlf {
		return errLF
	}
	return fmt.Errorf("malformed head: invalid character %s in the name of a field", decimal.Quote(c))
}

// first returns an error unless a head may begin as data does. If more is true, that is
// not known yet.
func (f *Framer) first(data []byte) (more bool, err error) {
	switch c := data[0]; {
	case c == '\r' || c == '\n': // not an empty line, which is fill
		_, more, err = f.lineEnd(data)
		return more, err
	case c == '$' && f.interleaved:
		return false, errInterleaved
	case !text.Token[c]:
		return false, fmt.Errorf("malformed head: it begins with %s, want a letter or another character of a word", decimal.Quote(c))
	}
	return false, nil
}

// lineEnd returns the size of the end of a line, which data begins with. If more is true,
// it is not complete.
func (f *Framer) lineEnd(data []byte) (n int, more bool, err error) {
	switch c := data[0]; {
	case c == '\n' && f.crlf:
		return 0, false, errLF
	case c == '\n':
		return 1, false, nil
	case c != '\r':
		return 0, false, fmt.Errorf("malformed head: control character %s", decimal.Quote(c))
	case len(data) == 1:
		return 0, true, nil
	case data[1] != '\n':
		return 0, false, errCR
	}
	return 2, false, nil
}
