package delimiter_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/delimiter"
)

var (
	_ framing.Framer  = (*delimiter.Framer)(nil)
	_ framing.Skipper = (*delimiter.Framer)(nil)
	_ framing.Ender   = (*delimiter.Framer)(nil)
)

func newFramer(t *testing.T, delims ...string) *delimiter.Framer {
	t.Helper()
	f, err := delimiter.New(delims...)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestNew_Refuses(t *testing.T) {
	for _, test := range []struct {
		delims []string
		want   string
	}{
		{nil, "delimiter: delims: none given; there must be one or more"},
		{[]string{""}, "delimiter: delims: number 1 is empty; each must have one byte or more"},
		{[]string{"a", ""}, "delimiter: delims: number 2 is empty; each must have one byte or more"},
		{[]string{"a", "b", "a"}, `delimiter: delims: "a" stands twice`},
		{[]string{"a", "ab"}, `delimiter: delims: "a" hides "ab": it may lie inside another delimiter at its end only`},
		{[]string{"xay", "a"}, `delimiter: delims: "a" hides "xay": it may lie inside another delimiter at its end only`},
		{[]string{"aa", "aaa"}, `delimiter: delims: "aa" hides "aaa": it may lie inside another delimiter at its end only`},
		{[]string{"\r", "\r\n"}, `delimiter: delims: "\r" hides "\r\n": it may lie inside another delimiter at its end only`},
	} {
		f, err := delimiter.New(test.delims...)
		var e *framing.ConfigError
		if f != nil || !errors.As(err, &e) || e.Framer != "delimiter" || e.Option != "delims" || err.Error() != test.want {
			t.Errorf("New(%q):\n got %v\nwant %s", test.delims, err, test.want)
		}
	}
}

func TestNew_Accepts(t *testing.T) {
	for _, delims := range [][]string{
		{"\n"}, {"\n", "\r\n"}, {"\r\n", "\n"}, {"b", "ab", "xab"}, {"ab", "bc"}, {"aba"}, {"\x00", "\xff"}, {strings.Repeat("long", 1000)},
	} {
		if _, err := delimiter.New(delims...); err != nil {
			t.Errorf("New(%.20q): %v", delims, err)
		}
	}
}

// split is what Split says of a stream of whole frames.
func split(t *testing.T, f framing.Framer, wire string) (payloads []string) {
	t.Helper()
	for data := []byte(wire); len(data) > 0; {
		frame, err := f.Split(data, 0)
		if err != nil {
			t.Fatalf("Split(%q): %v", data, err)
		}
		if frame.Size == 0 {
			return append(payloads, "rest "+string(data))
		}
		payloads = append(payloads, string(data[frame.Start:frame.End]))
		data = data[frame.Size:]
	}
	return payloads
}

func TestSplit(t *testing.T) {
	for _, test := range []struct {
		framer *delimiter.Framer
		wire   string
		want   []string
	}{
		{delimiter.Line(), "a\nb\r\n\n\r\n\r\r\nc\rd\ne", []string{"a", "b", "", "", "\r", "c\rd", "rest e"}},
		{delimiter.Line().Keep(), "a\nb\r\n\n\r\n\r", []string{"a\n", "b\r\n", "\n", "\r\n", "rest \r"}},
		{delimiter.CRLF(), "a\nb\r\n\r\n\r\r\n\n\r\nc\r", []string{"a\nb", "", "\r", "\n", "rest c\r"}},
		{delimiter.CRLF().Keep(), "a\nb\r\n\r\n", []string{"a\nb\r\n", "\r\n"}},
		{newFramer(t, ";"), "a;;b c;", []string{"a", "", "b c"}},
		{newFramer(t, "aa"), "baaaaab", []string{"b", "", "rest ab"}},
		{newFramer(t, "<e>"), "<<e>x<e<e>", []string{"<", "x<e"}},
		// The one that ends first, and of those that end together the longest.
		{newFramer(t, "abcd", "bx"), "abxabcd", []string{"a", ""}},
		{newFramer(t, "b", "ab", "xab"), "xabaab1bxb", []string{"", "a", "1", "x"}},
		{newFramer(t, "abc", "bcd"), "abcdbcd", []string{"", "d"}},
		{newFramer(t, ";", "|", "\n"), "a|b\nc;d", []string{"a", "b", "c", "rest d"}},
	} {
		if got := split(t, test.framer, test.wire); fmt.Sprintf("%q", got) != fmt.Sprintf("%q", test.want) {
			t.Errorf("%v, %q:\n got %q\nwant %q", test.framer, test.wire, got, test.want)
		}
	}
}

func TestAppend(t *testing.T) {
	const carried = "" // no reason to refuse
	for _, test := range []struct {
		framer  *delimiter.Framer
		payload string
		wire    string
		refused string
	}{
		{delimiter.Line(), "", "\n", carried},
		{delimiter.Line(), "a\rb", "a\rb\n", carried},
		{delimiter.Line(), "\n", "", `it holds the delimiter "\n" at byte 0`},
		{delimiter.Line(), "a\n", "", `it holds the delimiter "\n" at byte 1`},
		{delimiter.Line(), "a\r\nb", "", `it holds the delimiter "\r\n" at byte 1`},
		{delimiter.Line(), "a\r", "", `it ends in "\r", which makes "\r\n" together with the delimiter "\n"; CRLF (crlf) or Keep (line,keep) carry it`},
		{delimiter.Line().Keep(), "a\r\n", "a\r\n", carried},
		{delimiter.Line().Keep(), "a\n", "a\n", carried},
		{delimiter.Line().Keep(), "a", "", "keep delivers the delimiter too"},
		{delimiter.Line().Keep(), "", "", "keep delivers the delimiter too"},
		{delimiter.Line().Keep(), "a\nb", "", "keep delivers the delimiter too"},
		{delimiter.Line().Keep(), "a\nb\n", "", "keep delivers the delimiter too"},
		{delimiter.CRLF(), "a\r", "a\r\r\n", carried},
		{delimiter.CRLF(), "\n\r", "\n\r\r\n", carried},
		{delimiter.CRLF(), "a\r\nb", "", `it holds the delimiter "\r\n" at byte 1`},
		{newFramer(t, "\r\n", "\n"), "a\r", "a\r\r\n", carried},
		{newFramer(t, "\r\n", "\n"), "a\nb", "", `it holds the delimiter "\n" at byte 1`},
		// A delimiter that payload and delimiter make together: an earlier one,
		// or a longer one at the same end.
		{newFramer(t, "aa"), "ba", "", `its end makes the delimiter "aa" together with the delimiter "aa"`},
		{newFramer(t, "aa"), "ab", "abaa", carried},
		{newFramer(t, "aba"), "xab", "", `its end makes the delimiter "aba" together with the delimiter "aba"`},
		{newFramer(t, "aba"), "xb", "xbaba", carried},
		{newFramer(t, "b", "ab"), "xa", "", `its end makes the delimiter "ab" together with the delimiter "b"`},
		{newFramer(t, "ab", "b"), "xa", "xaab", carried},
		{newFramer(t, "cd", "abcx"), "ab", "abcd", carried},
		{newFramer(t, "cd", "abc"), "ab", "", `its end makes the delimiter "abc" together with the delimiter "cd"`},
		{newFramer(t, "cd", "abc"), "b", "bcd", carried},
		{newFramer(t, "ab", "cb"), "b", "bab", carried},
		{newFramer(t, "|", ";"), "a;", "", `it holds the delimiter ";" at byte 1`},
	} {
		// Capacity for all of it: a refusal must not show, a write not beyond dst.
		dst := append(make([]byte, 0, 64), "before"...)
		got, err := test.framer.Append(dst, []byte(test.payload))
		if test.refused == carried {
			if err != nil || string(got) != "before"+test.wire {
				t.Errorf("%v, %q: %q, %v", test.framer, test.payload, got, err)
			} else if p := split(t, test.framer, test.wire); len(p) != 1 || p[0] != test.payload {
				t.Errorf("%v, %q comes back as %q", test.framer, test.payload, p)
			}
			continue
		}
		var e *framing.PayloadError
		if !errors.As(err, &e) || e.Size != len(test.payload) || !strings.HasPrefix(e.Reason, test.refused) || string(got) != "before" {
			t.Errorf("%v, %q: %q,\n got %v\nwant %s", test.framer, test.payload, got, err, test.refused)
		}
	}
}

// Append refuses exactly what would not come back: all payloads of up to five
// bytes of a small alphabet.
func TestAppend_RefusesExactlyWhatWouldNotComeBack(t *testing.T) {
	for _, f := range []*delimiter.Framer{
		newFramer(t, "a"), newFramer(t, "aa"), newFramer(t, "aba"), newFramer(t, "aab"), newFramer(t, "b", "ab"),
		newFramer(t, "ab", "b"), newFramer(t, "ab", "bc"), newFramer(t, "bc", "ab"), newFramer(t, "abc", "c"), newFramer(t, "cab", "abb", "bb"),
	} {
		for _, f := range []*delimiter.Framer{f, f.Keep()} {
			for n := range 6 {
				payload := bytes.Repeat([]byte("a"), n)
				for {
					wire, err := f.Append(nil, payload)
					if err == nil {
						if got := split(t, f, string(wire)); len(got) != 1 || got[0] != string(payload) {
							t.Fatalf("%v: %q comes back as %q", f, payload, got)
						}
					} else {
						// What refuse means is that no frame carries it: neither with
						// the delimiter that is written, nor, kept, as it is.
						wire = []byte(string(payload) + written(f))
						if strings.HasSuffix(f.String(), ",keep") {
							wire = payload
						}
						if got := split(t, f, string(wire)); len(got) == 1 && got[0] == string(payload) {
							t.Fatalf("%v: %q was refused needlessly: %v", f, payload, err)
						}
					}
					if !increment(payload) {
						break
					}
				}
			}
		}
	}
}

// written returns the delimiter that f writes.
func written(f *delimiter.Framer) string {
	text := strings.Split(f.String(), ",text=")[1]
	return strings.TrimSuffix(text, ",keep")
}

// increment makes the next text of a, b and c, and reports whether there is one.
func increment(text []byte) bool {
	for i := range text {
		if text[i]++; text[i] <= 'c' {
			return true
		}
		text[i] = 'a'
	}
	return false
}

// Seen is all that no delimiter can begin in, and Skip forgets as much.
func TestSeen(t *testing.T) {
	for _, test := range []struct {
		f    *delimiter.Framer
		wire string
		want int
	}{
		{newFramer(t, "a"), "xxxxx", 5},
		{newFramer(t, "ab"), "xxxxx", 4},
		{newFramer(t, "abc"), "x", 0},
		{newFramer(t, "abc"), "xxxxx", 3},
		{newFramer(t, "d", "abcd"), "xxxxx", 2},
		{delimiter.Line(), "xxxxx", 4},
		{delimiter.CRLF(), "xxxxx", 4},
	} {
		if frame, err := test.f.Split([]byte(test.wire), 0); err != nil || frame.Size != 0 || frame.Seen != test.want {
			t.Errorf("%v: %+v, %v; %d bytes need no second look", test.f, frame, err, test.want)
		}
		if n, end := test.f.Skip([]byte(test.wire)); n != test.want || end {
			t.Errorf("%v skips %d of %q, %t; not %d", test.f, n, test.wire, end, test.want)
		}
	}
}

// Skip stops at the same byte however the bytes come, and where Split would.
func TestSkip(t *testing.T) {
	for _, f := range []*delimiter.Framer{
		delimiter.Line(), delimiter.Line().Keep(), delimiter.CRLF(), newFramer(t, "aa"), newFramer(t, "aba"), newFramer(t, "b", "ab"), newFramer(t, "ab", "\nb"),
	} {
		for _, stream := range []string{"xx\nyy", "x\r\ny", "\r\r\n\n", "baaaa", "xababa", "xab\nb", "aab", "none", "\r"} {
			frame, _ := f.Split([]byte(stream), 0)
			for step := 1; step <= len(stream); step++ {
				skipped, end := 0, false
				for arrived := 0; arrived < len(stream) && !end; {
					arrived = min(arrived+step, len(stream))
					var n int
					n, end = f.Skip([]byte(stream[skipped:arrived]))
					skipped += n
				}
				if end != (frame.Size > 0) || end && skipped != frame.Size {
					t.Errorf("%v, %q by %d: %d, %t; Split says %d", f, stream, step, skipped, end, frame.Size)
				}
			}
		}
	}
}

func TestEnd(t *testing.T) {
	for _, test := range []struct {
		framer     *delimiter.Framer
		data, want string
	}{
		{delimiter.Line(), "a", "a"},
		{delimiter.Line(), "a\r", "a"},
		{delimiter.Line(), "a\r\r", "a\r"},
		{delimiter.Line().Keep(), "a\r", "a\r"},
		{delimiter.CRLF(), "a\r", "a\r"},
		{newFramer(t, "aa"), "ba", "ba"},
	} {
		if got, err := test.framer.End([]byte(test.data)); err != nil || string(got) != test.want {
			t.Errorf("%v: End(%q) = %q, %v, want %q", test.framer, test.data, got, err, test.want)
		}
	}
}

func TestMaxEncodedLen(t *testing.T) {
	for _, test := range []struct {
		framer  *delimiter.Framer
		n, want int
	}{
		{delimiter.Line(), 0, 2}, {delimiter.Line(), 10, 12}, {delimiter.CRLF(), 10, 12}, {newFramer(t, ";"), 10, 11},
		{newFramer(t, ";", "end"), 10, 13}, {delimiter.Line().Keep(), 10, 10},
		{delimiter.Line(), math.MaxInt - 2, math.MaxInt}, {delimiter.Line(), math.MaxInt - 1, math.MaxInt}, {delimiter.Line(), math.MaxInt, math.MaxInt},
		{delimiter.Line().Keep(), math.MaxInt, math.MaxInt},
	} {
		if got := test.framer.MaxEncodedLen(test.n); got != test.want {
			t.Errorf("%v: MaxEncodedLen(%d) = %d, want %d", test.framer, test.n, got, test.want)
		}
	}
}

func TestString(t *testing.T) {
	for _, test := range []struct {
		framer *delimiter.Framer
		want   string
	}{
		{delimiter.Line(), "line"},
		{delimiter.Line().Keep(), "line,keep"},
		{delimiter.Line().Keep().Keep(), "line,keep"},
		{newFramer(t, "\n", "\r\n"), "line"},
		{newFramer(t, "\r\n", "\n"), "delimiter,hex=0d0a,hex=0a"},
		{newFramer(t, "\n"), "delimiter,hex=0a"},
		{delimiter.CRLF(), "crlf"},
		{delimiter.CRLF().Keep(), "crlf,keep"},
		{newFramer(t, "\r\n"), "crlf"},
		{newFramer(t, ";"), "delimiter,text=;"},
		{newFramer(t, " ~", "\x7f", "é"), "delimiter,text= ~,hex=7f,hex=c3a9"},
		{newFramer(t, ",", `\`), `delimiter,text=\,,text=\\`},
		{newFramer(t, "end", "\x00").Keep(), "delimiter,text=end,hex=00,keep"},
	} {
		if got := test.framer.String(); got != test.want {
			t.Errorf("%s, want %s", got, test.want)
		}
	}
}

// Keep makes a framer of its own.
func TestKeep(t *testing.T) {
	f := delimiter.Line()
	f.Keep()
	if got := split(t, f, "a\n"); got[0] != "a" {
		t.Errorf("Keep changed the framer it was called on: %q", got)
	}
}

// Enclose says no where Append refuses, and else what Append writes.
func TestEnclose(t *testing.T) {
	with := func(delim string) *delimiter.Framer {
		f, err := delimiter.New(delim)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	long := strings.Repeat("-", 70)
	for _, test := range []struct {
		framer  *delimiter.Framer
		payload string
		trailer string
		ok      bool
	}{
		{delimiter.Line(), "line", "\n", true},
		{delimiter.Line(), "", "\n", true},
		{delimiter.Line(), "li\ne", "", false},
		{delimiter.Line(), "line\r", "", false},
		{delimiter.Line().Keep(), "line\r\n", "", true},
		{delimiter.Line().Keep(), "line", "", false},
		{delimiter.Line().Keep(), "", "", false},
		{delimiter.Line().Keep(), "li\nne\n", "", false},
		{delimiter.CRLF(), "line\r", "\r\n", true},
		{delimiter.CRLF(), "li\r\nne", "", false},
		{with("aa"), "b", "aa", true},
		{with("aa"), "ba", "", false},
		{with(long + "+"), "b" + long, long + "+", true},
		{with(long), "b-", "", false},
	} {
		header, trailer, ok := test.framer.Enclose([]byte(test.payload))
		wire, err := test.framer.Append(nil, []byte(test.payload))
		if ok != test.ok || ok != (err == nil) {
			t.Errorf("%v, %q: enclosed %v, want %v; Append: %v", test.framer, test.payload, ok, test.ok, err)
		}
		if whole := string(header) + test.payload + string(trailer); ok && (string(trailer) != test.trailer || whole != string(wire)) {
			t.Errorf("%v, %q: %q behind %q, Append writes %q", test.framer, test.payload, trailer, header, wire)
		}
	}
}
