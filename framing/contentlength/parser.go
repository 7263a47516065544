package contentlength

import (
	"bytes"
	"fmt"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/internal/decimal"
	"github.com/wholeframe/wholeframe/framing/internal/text"
)

// A parser reads a header as it arrives. It reports an error at the byte that causes
// it, however many follow. It reads each byte once, except for a name that may be
// Content-Length and its digits, which it reads again until they are complete.
type parser struct {
	pos    int  // where next begins
	next   part // the part to be read next
	digits int  // where the value of Content-Length begins, or 0
}

// A part of a header.
type part uint8

const (
	line         part = iota // the first byte of a line, or a name that may be Content-Length
	name                     // the rest of another name, and ':'
	value                    // the value of another field
	beforeLength             // blanks before the value of Content-Length
	length                   // the value of Content-Length
	afterLength              // blanks after it
	lineCR                   // "\r" at the end of a line
	lineLF                   // "\n" at the end of a line
	headerLF                 // "\n" at the end of the header
	complete                 // the payload
)

// resume returns the parser that was saved in r.
func resume(r framing.Resume) parser {
	return parser{pos: r.Pos, next: part(r.State & 0xff), digits: int(r.State >> 8)}
}

// save returns the Resume from which the parser can be restored.
func (p *parser) save() framing.Resume {
	return framing.Resume{Pos: p.pos, State: uint64(p.next) | uint64(p.digits)<<8}
}

// parse reads the bytes of header that have arrived since.
func (p *parser) parse(header []byte) error {
	for p.pos < len(header) && p.next != complete {
		rest := header[p.pos:]
		n, next := 0, p.next
		switch p.next {
		case line:
			if rest[0] == '\r' {
				n, next = 1, headerLF
				break
			}
			n = text.Token.Span(rest)
			switch {
			case n == len(rest) && n <= len(field):
				return nil
			case n == len(rest):
				next = name
			case n == 0 || rest[n] != ':':
				return badName(rest[n])
			case !bytes.EqualFold(rest[:n], []byte(field)):
				next = value
			case p.digits > 0:
				return errDuplicate
			default:
				n, next = n+1, beforeLength
			}
		case name:
			n = text.Token.Span(rest)
			if n < len(rest) {
				if rest[n] != ':' {
					return badName(rest[n])
				}
				next = value
			}
		case value:
			n = text.Value.SpanText(rest)
			if n < len(rest) {
				next = lineCR
			}
		case beforeLength:
			n = blanks.Span(rest)
			if n < len(rest) {
				p.digits, next = p.pos+n, length
			}
		case length:
			_, digits, err := decimal.Parse(rest)
			switch {
			case err == decimal.ErrRange:
				return decimal.TooLarge(0, p.pos+decimal.MaxIntDigits+len(end))
			case err != nil:
				return err
			case digits == len(rest):
				return nil
			case digits == 0:
				return fmt.Errorf("malformed length: got %s, want a digit", decimal.Quote(rest[0]))
			}
			n, next = digits, afterLength
		case afterLength:
			n = blanks.Span(rest)
			if n < len(rest) {
				next = lineCR
			}
		case lineCR:
			switch rest[0] {
			case '\r':
			case '\n':
				return errLF
			default:
				return fmt.Errorf("malformed header: invalid character %s in field value", decimal.Quote(rest[0]))
			}
			n, next = 1, lineLF
		case lineLF, headerLF:
			if rest[0] != '\n' {
				return fmt.Errorf(`malformed header: got %s after '\r', want '\n'`, decimal.Quote(rest[0]))
			}
			n, next = 1, line
			if p.next == headerLF {
				next = complete
			}
		}
		p.pos, p.next = p.pos+n, next
	}
	return nil
}

// badName returns the error for c in a name.
func badName(c byte) error {
	if c == '\n' {
		return errLF
	}
	return fmt.Errorf("malformed header: invalid character %s in field name", decimal.Quote(c))
}

var blanks = text.Set{' ': true, '\t': true}
