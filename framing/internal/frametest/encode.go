package frametest

import (
	"github.com/wholeframe/wholeframe/framing"
)

// CheckAppend fails unless Append of f makes want of payload, and AppendHeader, if f
// is an Encloser, the same frame. If want is nil, both must refuse payload, or
// AppendHeader must leave the decision to Append.
func CheckAppend(t T, f framing.Framer, payload, want []byte) {
	const before = "before"
	got, err := f.Append([]byte(before), payload)
	if (err == nil) != (want != nil) || string(got) != before+string(want) {
		t.Helper() // only now: it is slow
		t.Fatalf("%v: Append(%q) = %q, %v; want %q after %q, error: %t", f, payload, got, err, want, before, want == nil)
	}
	if n := f.MaxEncodedLen(len(payload)); len(want) > n {
		t.Helper()
		t.Fatalf("%v: MaxEncodedLen(%d) = %d; want at least %d", f, len(payload), n, len(want))
	}
	e, ok := f.(framing.Encloser)
	if !ok {
		return
	}
	header, err := e.AppendHeader([]byte(before), payload, int64(len(payload)))
	switch {
	case err != nil:
		ok = string(header) == before && (want == nil || err == framing.ErrNoHeader)
	default:
		ok = want != nil && string(header)+string(payload)+string(e.Trailer()) == before+string(want)
	}
	if !ok {
		t.Helper()
		t.Fatalf("%v: AppendHeader(%q) = %q, %v; want the beginning of %q", f, payload, header, err, want)
	}
}
