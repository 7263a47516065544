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
	"github.com/wholeframe/wholeframe/framing/internal/frametest"
)

func newFramer(t testing.TB, delims ...string) *delimiter.Framer {
	t.Helper()
	f, err := delimiter.New(delims...)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestConfigError(t *testing.T) {
	long := strings.Repeat("x", 128)
	for _, test := range []struct {
		delims []string
		want   string
	}{
		{nil, "none given; at least one is required"},
		{[]string{""}, "delimiter 1 is empty; each must have at least one byte"},
		{[]string{"a", ""}, "delimiter 2 is empty; each must have at least one byte"},
		{[]string{"a", "b", "a"}, `duplicate delimiter "a"`},
		{[]string{"\xef", "\xef"}, `duplicate delimiter "\xef"`},
		{[]string{"a", "ab"}, `"a" occurs inside "ab", which would never match; it may only be its end`},
		{[]string{"xay", "a"}, `"a" occurs inside "xay", which would never match; it may only be its end`},
		{[]string{"aa", "aaa"}, `"aa" occurs inside "aaa", which would never match; it may only be its end`},
		{[]string{"\r", "\r\n"}, `"\r" occurs inside "\r\n", which would never match; it may only be its end`},
		{[]string{long + long}, "256 bytes in total; at most 255 are allowed"},
		{[]string{"a", long, "b", long[:126]}, "256 bytes in total; at most 255 are allowed"},
	} {
		f, err := delimiter.New(test.delims...)
		e := (*framing.ConfigError)(nil)
		if f != nil || !errors.As(err, &e) || *e != (framing.ConfigError{Framer: "delimiter", Option: "delims", Reason: test.want}) {
			t.Errorf("New(%q): got error %v; want a ConfigError: %s", test.delims, err, test.want)
		}
	}
}

func TestNew(t *testing.T) {
	var all []string // 255 delimiters of a byte
	for c := range 255 {
		all = append(all, string([]byte{byte(c)}))
	}
	for _, delims := range [][]string{
		{"\n"}, {"\n", "\r\n"}, {"\r\n", "\n"}, {"b", "ab", "xab"}, {"ab", "bc"}, {"aba"}, {"\x00", "\xff"}, {strings.Repeat("x", 255)}, all,
	} {
		if _, err := delimiter.New(delims...); err != nil {
			t.Errorf("New(%.40q): got error %v; want none", delims, err)
		}
	}
}

// split returns the payloads of a stream of frames, and its rest.
func split(t *testing.T, f framing.Framer, wire string) (payloads []string) {
	t.Helper()
	for data := []byte(wire); len(data) > 0; {
		frame, _, err := f.Split(data, framing.Resume{})
		if err != nil {
			t.Fatalf("Split(%q): got error %v; want none", data, err)
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
		// The delimiter that ends first, and of those that end together the longest.
		{newFramer(t, "abcd", "bx"), "abxabcd", []string{"a", ""}},
		{newFramer(t, "b", "ab", "xab"), "xabaab1bxb", []string{"", "a", "1", "x"}},
		{newFramer(t, "abc", "bcd"), "abcdbcd", []string{"", "d"}},
		{newFramer(t, ";", "|", "\n"), "a|b\nc;d", []string{"a", "b", "c", "rest d"}},
	} {
		if got := split(t, test.framer, test.wire); fmt.Sprintf("%q", got) != fmt.Sprintf("%q", test.want) {
			t.Errorf("%v: split(%q) = %q; want %q", test.framer, test.wire, got, test.want)
		}
	}
}

func TestAppend(t *testing.T) {
	for _, test := range []struct {
		framer  *delimiter.Framer
		payload string
		want    string
	}{
		{delimiter.Line(), "", "\n"},
		{delimiter.Line(), "a\rb", "a\rb\n"},
		{delimiter.Line(), "a\r", "a\r\r\n"}, // with "\n", "a" would be read
		{delimiter.Line(), "\r", "\r\r\n"},
		{delimiter.Line().Keep(), "a\r\n", "a\r\n"},
		{delimiter.Line().Keep(), "a\n", "a\n"},
		{delimiter.CRLF(), "a\r", "a\r\r\n"},
		{delimiter.CRLF(), "\n\r", "\n\r\r\n"},
		{newFramer(t, "\r\n", "\n"), "a\r", "a\r\r\n"},
		{newFramer(t, "aa"), "ab", "abaa"},
		{newFramer(t, "aba"), "xb", "xbaba"},
		{newFramer(t, ";", "a;"), "b", "b;"},
		{newFramer(t, ";", "a;"), "ba", "baa;"},
		{newFramer(t, "b", "ab"), "xa", "xaab"},
		{newFramer(t, "b", "ab", "xab"), "xa", "xaab"},
		{newFramer(t, "ab", "b"), "xa", "xaab"},
		{newFramer(t, "b", "ab", ";"), "x", "xb"},
		{newFramer(t, "aa", "aba", ";"), "xa", "xa;"},
		{newFramer(t, "cd", "abcx"), "ab", "abcd"},
		{newFramer(t, "cd", "abc"), "b", "bcd"},
		{newFramer(t, "cd", "abc"), "ab", "ababc"},
		{newFramer(t, "ab", "cb"), "b", "bab"},
	} {
		wire, err := test.framer.Append([]byte("before"), []byte(test.payload))
		if string(wire) != "before"+test.want || err != nil {
			t.Errorf("%v: Append(%q) = %q, %v; want %q after %q", test.framer, test.payload, wire, err, test.want, "before")
		}
		if got := split(t, test.framer, test.want); len(got) != 1 || got[0] != test.payload {
			t.Errorf("%v: split(%q) = %q; want %q", test.framer, test.want, got, test.payload)
		}
	}
}

func TestRefusedPayload(t *testing.T) {
	const notWhole = "it must be one whole frame, with a delimiter at its end and nowhere else"
	for _, test := range []struct {
		framer  *delimiter.Framer
		payload string
		want    string
	}{
		{delimiter.Line(), "\n", `it contains the delimiter "\n" at byte 0`},
		{delimiter.Line(), "a\n", `it contains the delimiter "\n" at byte 1`},
		{delimiter.Line(), "a\r\nb", `it contains the delimiter "\r\n" at byte 1`},
		{delimiter.Line().Keep(), "a", notWhole},
		{delimiter.Line().Keep(), "", notWhole},
		{delimiter.Line().Keep(), "a\nb", notWhole},
		{delimiter.Line().Keep(), "a\nb\n", notWhole},
		{delimiter.CRLF(), "a\r\nb", `it contains the delimiter "\r\n" at byte 1`},
		{newFramer(t, "\r\n", "\n"), "a\nb", `it contains the delimiter "\n" at byte 1`},
		{newFramer(t, "|", ";"), "a;", `it contains the delimiter ";" at byte 1`},
		{newFramer(t, "\xef"), "a\xef", `it contains the delimiter "\xef" at byte 1`},
		{newFramer(t, "aa"), "ba", `its end forms an earlier or longer delimiter with ["aa"]`},
		{newFramer(t, "aba"), "xab", `its end forms an earlier or longer delimiter with ["aba"]`},
		{newFramer(t, "aa", "aba"), "xa", `its end forms an earlier or longer delimiter with ["aa" "aba"]`},
	} {
		got, err := test.framer.Append([]byte("before"), []byte(test.payload))
		e := (*framing.PayloadError)(nil)
		if !errors.As(err, &e) || *e != (framing.PayloadError{Size: int64(len(test.payload)), Reason: test.want}) || string(got) != "before" {
			t.Errorf("%v: Append(%q) = %q, %v; want a PayloadError: %s", test.framer, test.payload, got, err, test.want)
		}
	}
}

// Append takes exactly the payloads that Split can return: all of up to five bytes of
// a small alphabet, with each delimiter.
func TestAppendTakesWhatSplitReturns(t *testing.T) {
	for _, delims := range [][]string{
		{"a"}, {"aa"}, {"aba"}, {"aab"}, {"b", "ab"}, {"ab", "b"}, {"ab", "bc"}, {"bc", "ab"}, {"abc", "c"}, {"cab", "abb", "bb"}, {"c", "ac", "aac"},
	} {
		for _, keep := range []bool{false, true} {
			f, forms := newFramer(t, delims...), delims
			if keep {
				f, forms = f.Keep(), []string{""}
			}
			for n := range 6 {
				for payload := bytes.Repeat([]byte("a"), n); ; {
					var want []byte
					for _, delim := range forms {
						frame := string(payload) + delim
						if got := split(t, f, frame); want == nil && len(got) == 1 && got[0] == string(payload) {
							want = []byte(frame)
						}
					}
					frametest.CheckAppend(t, f, payload, want)
					if !increment(payload) {
						break
					}
				}
			}
		}
	}
}

// increment changes text to the next one of a, b and c, and reports whether there is one.
func increment(text []byte) bool {
	for i := range text {
		if text[i]++; text[i] <= 'c' {
			return true
		}
		text[i] = 'a'
	}
	return false
}

// Whatever arrives, Split examines no byte twice, and Skip gives up all bytes.
func TestEachByteOnce(t *testing.T) {
	for _, f := range []*delimiter.Framer{
		delimiter.Line(), delimiter.Line().Keep(), delimiter.CRLF(), newFramer(t, ";"), newFramer(t, "aaab"),
		newFramer(t, strings.Repeat("a", 254)+"b"), newFramer(t, "a;", "\n;"), newFramer(t, "d", "abcd", "\r\n"),
	} {
		data := []byte(strings.Repeat("a", 300) + "cabcacab\r\raaa")
		var r framing.Resume
		for n := 1; n <= len(data); n++ {
			frame, next, err := f.Split(data[:n], r)
			if frame.Size != 0 || next.Pos != n || err != nil {
				t.Fatalf("%.20v: Split(%q) = %+v, %+v, %v; want Size 0 and Pos %d", f, data[:n], frame, next, err, n)
			}
			if skipped, next, end := f.Skip(data[:n], r); skipped != n || next.Pos != 0 || end {
				t.Fatalf("%.20v: Skip(%q) = %d, %+v, %t; want %d, Pos 0, false", f, data[:n], skipped, next, end, n)
			}
			r = next
		}
	}
}

// Skip stops where the frame ends for Split, however the bytes arrive, and after any
// prefix.
func TestSkip(t *testing.T) {
	for _, f := range []*delimiter.Framer{
		delimiter.Line(), delimiter.Line().Keep(), delimiter.CRLF(), newFramer(t, "aa"), newFramer(t, "aba"), newFramer(t, "b", "ab"), newFramer(t, "ab", "\nb"),
	} {
		for _, stream := range []string{"xx\nyy", "x\r\ny", "\r\r\n\n", "baaaa", "xababa", "xab\nb", "aab", "none", "\r"} {
			frame, _, _ := f.Split([]byte(stream), framing.Resume{})
			for seen := 1; seen <= len(stream); seen++ {
				first, r, _ := f.Split([]byte(stream[:seen]), framing.Resume{})
				if first.Size > 0 {
					break
				}
				for step := 1; step <= len(stream); step++ {
					skipped, r, end := 0, r, false
					for arrived := seen; !end; arrived = min(arrived+step, len(stream)) {
						var n int
						n, r, end = f.Skip([]byte(stream[skipped:arrived]), r)
						skipped += n
						if arrived == len(stream) {
							break
						}
					}
					if end != (frame.Size > 0) || end && skipped != frame.Size {
						t.Errorf("%v: Skip of %q after %d bytes, %d at a time = %d, %t; want %d", f, stream, seen, step, skipped, end, frame.Size)
					}
				}
			}
		}
	}
}

func TestFinish(t *testing.T) {
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
		if got, err := test.framer.Finish([]byte(test.data)); err != nil || string(got) != test.want {
			t.Errorf("%v: Finish(%q) = %q, %v; want %q, nil", test.framer, test.data, got, err, test.want)
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
			t.Errorf("%v: MaxEncodedLen(%d) = %d; want %d", test.framer, test.n, got, test.want)
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
			t.Errorf("String() = %s; want %s", got, test.want)
		}
	}
}

// Keep does not change the framer on which it is called.
func TestKeep(t *testing.T) {
	f := delimiter.Line()
	f.Keep()
	if got := split(t, f, "a\n"); got[0] != "a" {
		t.Errorf(`split("a\n") = %q; want "a"`, got)
	}
}

func TestAppendHeader(t *testing.T) {
	refused := errors.New("a PayloadError")
	for _, test := range []struct {
		framer *delimiter.Framer
		start  string
		size   int64
		want   error
	}{
		{delimiter.Line(), "line", 4, nil},
		{delimiter.Line(), "", 0, nil},
		{delimiter.Line(), "", 4, framing.ErrNoHeader},
		{delimiter.Line(), "lin", 4, framing.ErrNoHeader},
		{delimiter.Line(), "line\r", 5, framing.ErrNoHeader}, // it needs "\r\n"
		{delimiter.Line(), "li\ne", 4, refused},
		{delimiter.Line(), "", -1, refused},
		{delimiter.Line().Keep(), "line\r\n", 6, nil},
		{delimiter.Line().Keep(), "line", 4, refused},
		{delimiter.Line().Keep(), "", 0, refused},
		{delimiter.Line().Keep(), "line", 6, framing.ErrNoHeader},
		{delimiter.Line().Keep(), "li\nne\n", 6, refused},
		{delimiter.CRLF(), "line\r", 5, nil},
		{newFramer(t, "aa"), "ba", 2, framing.ErrNoHeader},
	} {
		got, err := test.framer.AppendHeader([]byte("x"), []byte(test.start), test.size)
		if e := (*framing.PayloadError)(nil); errors.As(err, &e) && e.Size == test.size {
			err = refused
		}
		if string(got) != "x" || err != test.want {
			t.Errorf("%v: AppendHeader(%q, %d) = %q, %v; want %q, %v", test.framer, test.start, test.size, got, err, "x", test.want)
		}
	}
	for f, want := range map[*delimiter.Framer]string{delimiter.Line(): "\n", delimiter.CRLF(): "\r\n", delimiter.Line().Keep(): ""} {
		if got := f.Trailer(); string(got) != want {
			t.Errorf("%v: Trailer() = %q; want %q", f, got, want)
		}
	}
}

// Empty frames are fill, and the same frames can be written with WriteFill only.
func TestSkipEmpty(t *testing.T) {
	for _, test := range []struct {
		framer *delimiter.Framer
		wire   string
		want   frametest.Stream
		fill   string
	}{
		{delimiter.Line(), "\n\r\na\n\n\r\n b\r\n\r\r\n", frametest.Frames("a", " b", "\r"), "\n\r\n"},
		{delimiter.Line().Keep(), "\n\r\na\n\n\r\nb\r\n", frametest.Frames("a\n", "b\r\n"), "\r\n"},
		{delimiter.CRLF(), "\r\n\n\r\na\r\n\r\n", frametest.Frames("\n", "a"), "\r\n"},
		{newFramer(t, ";", "<end>"), ";a<end><end>;b;", frametest.Frames("a", "b"), ";<end>"},
		{newFramer(t, ";"), ";;a", frametest.Stream{Torn: true}, ";"},
	} {
		f := test.framer.SkipEmpty()
		frametest.Compare(t, f, []byte(test.wire), test.want)
		var wire strings.Builder
		w := framing.NewWriter(&wire, f)
		if err := w.WriteFill([]byte(test.fill)); err != nil {
			t.Errorf("%v: WriteFill(%q) = %v; want nil", f, test.fill, err)
		}
		payload := ""
		if strings.Contains(f.String(), "keep") {
			payload = test.fill
		}
		got, err := f.Append([]byte("x"), []byte(payload))
		if e := (*framing.PayloadError)(nil); !errors.As(err, &e) || e.Reason != "it is empty, and empty frames are fill" || string(got) != "x" {
			t.Errorf(`%v: Append(%q) = %q, %v; want "x" and a PayloadError`, f, payload, got, err)
		}
	}
	r := framing.NewReader(strings.NewReader("\n\r"), delimiter.Line().SkipEmpty())
	r.AcceptUnterminated(true)
	if payload, err := r.ReadFrame(); string(payload) != "\r" || err != nil {
		t.Errorf(`ReadFrame of an unterminated "\r" = %q, %v; want "\r", nil`, payload, err)
	}
}

func TestAllocs(t *testing.T) {
	frametest.CheckAllocs(t, delimiter.Line(), []byte("a line\r"))
	frametest.CheckAllocs(t, newFramer(t, ";", "<end>"), []byte("ab"))
}

// BenchmarkSplit splits frames of 16 bytes.
func BenchmarkSplit(b *testing.B) {
	for name, test := range map[string]struct {
		framer *delimiter.Framer
		wire   string
	}{
		"line":       {delimiter.Line(), "fourteen bytes!\n"},
		"automaton":  {newFramer(b, "\n", "\r\n", "\xff\n"), "fourteen bytes!\n"},
		"crlf":       {delimiter.CRLF(), "fourteen bytes\r\n"},
		"semicolon":  {newFramer(b, ";"), "fourteen bytes!;"},
		"two, mixed": {newFramer(b, ";", "|"), "fourteen bytes!;"},
	} {
		b.Run(name, func(b *testing.B) {
			data := []byte(strings.Repeat(test.wire, 64))
			for b.Loop() {
				for rest := data; len(rest) > 0; rest = rest[16:] {
					if frame, _, _ := test.framer.Split(rest, framing.Resume{}); frame.Size != 16 {
						b.Fatalf("Split() = %+v; want Size 16", frame)
					}
				}
			}
		})
	}
}
