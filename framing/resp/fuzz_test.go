package resp_test

import (
	"bytes"
	"regexp"
	"strconv"
	"testing"

	"github.com/wholeframe/wholeframe/framing/internal/frametest"
	"github.com/wholeframe/wholeframe/framing/resp"
)

// FuzzRESP compares Split and Append with a recursive decoder.
func FuzzRESP(f *testing.F) {
	for _, wire := range []string{
		"+OK\r\n-ERR a\r\n:1\r\n", "$5\r\nhello\r\n", "*2\r\n$1\r\na\r\n*1\r\n:1\r\n", "*0\r\n$-1\r\n*-1\r\n", "PING\r\nGET a\n", "%1\r\n+a\r\n_\r\n", "|1\r\n+a\r\n#t\r\n$0\r\n\r\n",
		"$1\r\nab\r\n", "*2\r\n$1\r\nabc", "+a\n", "*1\r\nPING\r\n", "$?\r\n", "$-2\r\n", "!-1\r\n", "$01\r\na\r\n", "*268435457\r\n", "*268435456\r\n*2\r\n", "$9999999999\r\n", " PING\r\n\"PING\"\n", "%999999999999999999\r\n", "PING\x00\r\n", "PING\n+\x00\r\n",
	} {
		f.Add([]byte(wire))
	}
	frametest.Vectors(f, "resp", func(_ string, wire []byte) { f.Add(wire) })
	f.Fuzz(func(t *testing.T, wire []byte) {
		if len(wire) > frametest.MaxFuzz {
			return
		}
		want := decode(wire)
		frametest.Compare(t, resp.New(), wire, want)
		var sent []byte
		if len(want.Frames) == 1 && !want.Torn && !want.Lost && want.Frames[0].Payload == string(wire) {
			sent = wire
		}
		frametest.CheckAppend(t, resp.New(), wire, sent)
	})
}

// A decoder reads a value. It panics with an outcome if it cannot.
type decoder struct {
	wire []byte
	at   int
	left uint64 // values that must follow in the frame
}

type outcome int

const (
	torn outcome = iota
	lost
	invalid // the frame ends at decoder.at
)

var (
	inline   = regexp.MustCompile(`^[a-zA-Z \t"']`)
	lengths  = regexp.MustCompile(`^[0-9]{1,18}\r\n`)
	nulls    = regexp.MustCompile(`^-1\r\n`)
	prefixes = regexp.MustCompile(`^([0-9]{1,18}\r?)?$`)
	partNull = regexp.MustCompile(`^-(1\r?)?$`)
)

func decode(wire []byte) (s frametest.Stream) {
	for len(wire) > 0 {
		if wire[0] == '\r' || wire[0] == '\n' {
			wire = wire[1:]
			continue
		}
		d := &decoder{wire: wire}
		switch d.frame() {
		case torn:
			s.Torn = true
			return s
		case lost:
			s.Lost = true
			return s
		case invalid:
			s.Invalid()
		default:
			s.Valid(wire[:d.at])
		}
		wire = wire[d.at:]
	}
	return s
}

// frame reads a frame. It returns -1 if that is valid.
func (d *decoder) frame() (o outcome) {
	defer func() {
		if r := recover(); r != nil {
			o = r.(outcome)
		}
	}()
	if inline.Match(d.wire) {
		if nul := bytes.IndexByte(d.wire, 0); nul >= 0 && bytes.IndexByte(d.wire[:nul], '\n') < 0 {
			panic(lost)
		}
		d.line()
	} else {
		d.value()
	}
	return -1
}

func (d *decoder) line() []byte {
	i := bytes.IndexByte(d.wire[d.at:], '\n')
	if i < 0 {
		panic(torn)
	}
	start := d.at
	d.at += i + 1
	return d.wire[start:d.at]
}

func (d *decoder) value() {
	if d.at == len(d.wire) {
		panic(torn)
	}
	kind := d.wire[d.at]
	d.at++
	switch kind {
	case '+', '-', ':', '_', '#', ',', '(':
		if !bytes.HasSuffix(d.line(), []byte("\r\n")) {
			panic(lost)
		}
	case '$', '!', '=':
		n, null := d.length(kind)
		if null {
			return
		}
		if n > 1<<31-3 {
			panic(lost)
		}
		end := d.at + n
		have := d.wire[min(end, len(d.wire)):min(end+2, len(d.wire))]
		if d.left > 0 {
			if !bytes.HasPrefix([]byte("\r\n"), have) {
				panic(lost)
			}
		}
		if len(d.wire) < end+2 {
			panic(torn)
		}
		if d.at = end + 2; string(have) != "\r\n" {
			panic(invalid)
		}
	case '*', '~', '>', '%', '|':
		n, null := d.length(kind)
		if null {
			return
		}
		if kind == '%' || kind == '|' {
			n *= 2
		}
		if kind == '|' {
			n++
		}
		if d.left+uint64(max(1, n)-1) > 1<<28-1 {
			panic(lost)
		}
		for i := range n {
			rest := uint64(n - 1 - i)
			d.left += rest
			d.value()
			d.left -= rest
		}
	default:
		panic(lost)
	}
}

func (d *decoder) length(kind byte) (n int, null bool) {
	rest := d.wire[d.at:]
	if kind == '$' || kind == '*' {
		if m := nulls.Find(rest); m != nil {
			d.at += len(m)
			return 0, true
		}
		if partNull.Match(rest) {
			panic(torn)
		}
	}
	m := lengths.Find(rest)
	if m == nil {
		if prefixes.Match(rest) {
			panic(torn)
		}
		panic(lost)
	}
	d.at += len(m)
	n, err := strconv.Atoi(string(m[:len(m)-2]))
	if err != nil {
		panic(lost)
	}
	return n, false
}
