package texthead_test

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/internal/frametest"
	"github.com/wholeframe/wholeframe/framing/texthead"
)

// A protocol is a Framer, and what its heads are as regular expressions. They match the
// size in their last group.
type protocol struct {
	framer  *texthead.Framer
	crlf    bool   // lines end in "\r\n"
	first   string // the first line
	field   string // another line, or empty if there is none
	folded  string // a line that may follow it, unless it announces a size
	line    string // a line that announces a size
	valid   string // one that is well-formed
	without string // what a head without a size means: an error, or the trailer of a body without a size
	trailer string
}

const (
	digits = `(0|[1-9][0-9]*)`
	token  = "[-!#$%&'*+.^_`|~0-9A-Za-z]"
)

var protocols = []protocol{
	{texthead.SIP(), true, `^` + token + `[^\r\n\x00]*\r\n$`, `^` + token + `+[ \t]*:[^\r\n\x00]*\r\n$`, `^[ \t]+[^ \t\r\n\x00][^\r\n\x00]*\r\n$`,
		`^(?i:content-length|l)[ \t]*:`, `^[^:]*:[ \t]*` + digits + `[ \t]*\r\n$`, "error", ""},
	{texthead.RTSP(), true, "^[-!#%&'*+.^_`|~0-9A-Za-z]" + `[^\r\n\x00]*\r\n$`, `^` + token + `+[ \t]*:[^\r\n\x00]*\r\n$`, `^[ \t]+[^ \t\r\n\x00][^\r\n\x00]*\r\n$`,
		`^(?i:content-length)[ \t]*:`, `^[^:]*:[ \t]*` + digits + `[ \t]*\r\n$`, "", ""},
	{texthead.STOMP(), false, `^` + token + `[^\r\n\x00]*\r?\n$`, `^[^ \t\r\n\x00:][^\r\n\x00:]*:[^\r\n\x00]*\r?\n$`, `^$`,
		`^content-length[ \t]*:`, `^content-length:[ \t]*` + digits + `[ \t]*\r?\n$`, "\x00", "\x00"},
	{texthead.NATS(), false, `^` + token + `(?:\t|[^\x00-\x1f\x7f])*\r?\n$`, "", "", `^(?:(?i:h?pub)|[Hh]?[Mm][Ss][Gg])[ \t\r\n]`,
		`^(?:(?i:pub)(?:[ \t]+[^ \t\r\n]+){1,2}|(?:[Mm][Ss][Gg]|(?i:hpub))(?:[ \t]+[^ \t\r\n]+){2,3}|[Hh][Mm][Ss][Gg](?:[ \t]+[^ \t\r\n]+){3,4})[ \t]+` + digits + `[ \t]*\r?\n$`, "", "\r\n"},
	{texthead.Memcached(), false, `^` + token + `[^\x00-\x1f\x7f]*\r?\n$`, "", "", `^(?:set|add|replace|append|prepend|cas|ms|VALUE|VA)[ \r\n]`,
		`^(?:(?:set|add|replace|append|prepend)(?: +[^ \r\n]+){3} +` + digits + `(?: +[^ \r\n]+)?|` +
			`cas(?: +[^ \r\n]+){3} +` + digits + `(?: +[^ \r\n]+){1,2}|` +
			`ms +[^ \r\n]+ +` + digits + `(?: +[^ \r\n]+)*|` +
			`VALUE(?: +[^ \r\n]+){2} +` + digits + `(?: +[^ \r\n]+)?|` +
			`VA +` + digits + `(?: +[^ \r\n]+)*) *\r?\n$`, "", "\r\n"},
}

// FuzzTextHead compares Split and Append with a decoder made of regular expressions.
func FuzzTextHead(f *testing.F) {
	for _, wire := range []string{
		"OPTIONS sip:a SIP/2.0\r\nl: 5\r\n\r\nhello", "A\r\nContent-Length : 1\r\n\r\na\r\n\r\nB\r\nl:0\r\n\r\n", "A\r\nl: 1\r\n 2\r\n\r\n", "A\r\nB: c\r\n\r\n", "A\r\nl:1\r\nl:1\r\n\r\na", "A\nl: 0\n\n",
		"SEND\nx:y\n\nhello\x00\n\nSEND\ncontent-length:3\n\na\x00b\x00", "A\ncontent-length:1\n\nab", "SEND\ncontent-length:1\n\nab", "ERROR\r\ncontent-length:1\n\na\x00BEGIN\ncontent-length:0\n\n\x00", "PUB a 5\r\nhello\r\nPING\r\nMSG a 1 b 0\r\n\r\nHPUB a 0 1\na\r\n", "PUB 5\r\nhello\r\n", "hmsg a 1 b 0 1\na\r\n", "M\u017fG a 1 1\r\na\r\n", "SUB \nPUB a 6\r\nPING\r\n\r\n",
		"set a 0 0 5\r\nhello\r\nget a\r\nms a 1 T\na\r\nVALUE a 0 1\r\na\r\nVA 0\r\n\r\nEND\r\n", "cas a 0 0 1 7 noreply\r\na\r\n", "set a 0 0 -1\r\n", "set a 0 0 1\rx\na\r\n",
		"set\tb 0 0 7\r\nversion\r\n", " set a 0 0 7\r\nversion\r\n", "set a\x00 0 0 1\r\na\r\n", "PUB\ta\t1\r\na\r\n", "\tPING\r\n", "PING\x00\r\n", "$\x00\x00\x01a", "A\r\nB\r\n\r\n",
		"A\r\nX: a\rl: 5\r\nl: 0\r\n\r\n", "A\r\nl\x00: 2\r\nl: 0\r\n\r\n", "A\r\n l: 5\r\nl: 0\r\n\r\n", "\rA\r\nl: 0\r\n\r\n", "A\r\nB: c\r\n \r\nl: 0\r\n\r\n", "A\ncontent-length :1\n\na\x00", "A\nb c:d\n\na\x00",
	} {
		f.Add([]byte(wire))
	}
	frametest.Vectors(f, "text-head", func(_ string, wire []byte) { f.Add(wire) })
	var all []decoder
	for _, p := range protocols {
		all = append(all, decoder{p, regexp.MustCompile(p.first), regexp.MustCompile(p.field), regexp.MustCompile(p.folded), regexp.MustCompile(p.line), regexp.MustCompile(p.valid)})
	}
	long := regexp.MustCompile(`[0-9]{6}|[ \t]{16}`)
	f.Fuzz(func(t *testing.T, wire []byte) {
		if len(wire) > frametest.MaxFuzz || long.Match(wire) {
			return // for TestErrors and TestTooLarge
		}
		for _, p := range all {
			want := p.decode(wire)
			frametest.Compare(t, p.framer, wire, want)
			if want.Lost || want.Torn || len(want.Frames) != 1 || want.Frames[0].Payload != string(wire) || want.Frames[0].Invalid {
				frametest.CheckAppend(t, p.framer, wire, nil)
			} else {
				frametest.CheckAppend(t, p.framer, wire, wire)
			}
		}
	})
}

// A decoder is a protocol with its regular expressions.
type decoder struct {
	protocol
	first, field, folded, line, valid *regexp.Regexp
}

// blankLF is a line of one word, a blank and no "\r".
var blankLF = regexp.MustCompile(`^[^ \t\r\n]+[ \t]+\n$`)

// bodied is what a head of STOMP with a body begins with.
var bodied = regexp.MustCompile(`^(?:SEND|MESSAGE|ERROR)\r?\n`)

func (p decoder) decode(wire []byte) (s frametest.Stream) {
	for len(wire) > 0 {
		if rest, ok := bytes.CutPrefix(wire, []byte("\r\n")); ok {
			wire = rest
			continue
		}
		if rest, ok := bytes.CutPrefix(wire, []byte("\n")); ok && !p.crlf {
			wire = rest
			continue
		}
		head, size, ok := p.head(wire)
		switch trailer := p.trailer; {
		case !ok: // incomplete or malformed: TestErrors tells which
			_, _, err := p.framer.Split(wire, framing.Resume{})
			s.Torn, s.Lost = err == nil, err != nil
			return s
		case size >= 0:
			size += head
			if s.Torn = len(wire) < size+len(trailer); s.Torn {
				return s
			}
			if string(wire[size:size+len(trailer)]) != trailer {
				s.Invalid()
			} else {
				s.Valid(wire[:size+len(trailer)])
			}
			wire = wire[size+len(trailer):]
		case p.without == "error":
			s.Lost = true
			return s
		default:
			i := bytes.Index(wire[head:], []byte(p.without))
			if s.Torn = i < 0; s.Torn {
				return s
			}
			i += head + len(p.without)
			s.Valid(wire[:i])
			wire = wire[i:]
		}
	}
	return s
}

// head returns the size of a well-formed head, and that which it announces, or -1.
func (p decoder) head(wire []byte) (head, size int, ok bool) {
	size = -1
	folds := false // the line before may be continued
	for line := range strings.Lines(string(wire)) {
		first := head == 0
		head += len(line)
		fields := p.protocol.field != ""
		switch {
		case first && !p.first.MatchString(line):
			return 0, 0, false
		case first && fields:
			continue
		case first && blankLF.MatchString(line):
			return 0, 0, false
		case !first && (line == "\r\n" || line == "\n" && !p.crlf):
			return head, size, true
		case !first && folds && p.folded.MatchString(line):
			continue
		case !first && !p.field.MatchString(line):
			return 0, 0, false
		}
		announces := p.line.MatchString(line)
		if folds = !announces; announces {
			m := p.valid.FindStringSubmatch(line)
			if m == nil || size >= 0 {
				return 0, 0, false
			}
			n, err := strconv.Atoi(strings.Join(m[1:], "")) // one group matches
			if err != nil {
				return 0, 0, false
			}
			size = n
			if p.framer.String() == "text-head,protocol=stomp" && n > 0 && !bodied.Match(wire) {
				return 0, 0, false
			}
		}
		if !fields {
			return head, size, true
		}
	}
	return 0, 0, false
}
