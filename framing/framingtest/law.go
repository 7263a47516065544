package framingtest

import (
	"fmt"
	"iter"
	"runtime/debug"
	"strings"

	"pgregory.net/rapid"
)

// A law is a check of one input, and the inputs to check it with.
type law struct {
	name    string
	applies func(*kit) bool                 // nil: always
	check   func(*kit, input) *failure      // nil: the law is kept
	sweep   func(*kit) iter.Seq[input]      // fixed inputs, small ones first
	draw    func(*kit, *rapid.T) (in input) // random ones; nil: none
}

var laws = []law{
	{"L1-round-trip", nil, (*kit).roundTrip, (*kit).carried, (*kit).drawCarried},
	{"L2-concatenation", nil, (*kit).concatenation, (*kit).streams, (*kit).drawStream},
	{"L3-chunking", nil, (*kit).chunking, (*kit).everything, (*kit).drawAnything},
	{"L4-resumption", nil, (*kit).resumption, (*kit).everything, (*kit).drawAnything},
	{"L5-honesty", nil, (*kit).honesty, (*kit).everything, (*kit).drawAnything},
	{"L6-hostile-bytes", nil, (*kit).hostileBytes, (*kit).hostile, (*kit).drawHostile},
	{"L7-bound", nil, (*kit).bound, (*kit).everything, (*kit).drawAnything},
	{"L8-linear-work", nil, (*kit).linearWork, (*kit).long, nil},
	{"L9-skipping", (*kit).skips, (*kit).skipping, (*kit).everything, (*kit).drawAnything},
	{"R1-eof", nil, (*kit).eof, (*kit).streams, (*kit).drawStream},
	{"R2-timeouts", nil, (*kit).timeouts, (*kit).everything, (*kit).drawAnything},
	{"R3-limit", nil, (*kit).limits, (*kit).singles, nil},
	{"R4-too-large", nil, (*kit).tooLarge, (*kit).everything, (*kit).drawAnything},
	{"R5-memory", nil, (*kit).memory, (*kit).largest, nil},
	{"Prefixer", (*kit).prefixes, (*kit).prefixing, (*kit).candidates, nil},
	{"Encloser", (*kit).encloses, (*kit).enclosing, (*kit).candidates, nil},
	{"Ender", (*kit).endsPieces, (*kit).ending, (*kit).everything, (*kit).drawAnything},
}

// A failure tells how a law is broken.
type failure struct {
	what string // in words
	code string // as Go, to be pasted into a test
}

func (f *failure) Error() string {
	return f.what + "\n\t" + strings.ReplaceAll(strings.TrimSpace(f.code), "\n", "\n\t")
}

func failf(code fmt.Stringer, format string, args ...any) *failure {
	return &failure{fmt.Sprintf(format, args...), code.String()}
}

// verdict returns how k breaks the law, or nil. name is that of the test.
func (l law) verdict(k *kit, name string) *failure {
	if l.sweep != nil {
		for in := range l.sweep(k) {
			if fail := l.try(k, in); fail != nil {
				return l.smaller(k, in, fail)
			}
		}
	}
	if l.draw == nil {
		return nil
	}
	var found input
	var fail *failure
	rec := &recorder{name: name}
	rapid.Check(rec, func(t *rapid.T) {
		if fail != nil {
			return // what was found is made smaller here, by what is known of it
		}
		in := l.draw(k, t)
		if f := l.try(k, in); f != nil {
			found, fail = in, f
			t.FailNow()
		}
	})
	switch {
	case fail != nil:
		return l.smaller(k, found, fail)
	case rec.failed:
		return &failure{"random cases could not be drawn: " + rec.text.String(), ""}
	}
	return nil
}

// try checks one input. A panic is a failure too.
func (l law) try(k *kit, in input) (fail *failure) {
	k.now = call{}
	defer func() {
		if r := recover(); r != nil {
			fail = k.panicked(r)
		}
	}()
	return l.check(k, in)
}

// panicked returns the failure that a panic with r is.
func (k *kit) panicked(r any) *failure {
	stack := string(debug.Stack())
	if _, after, ok := strings.Cut(stack, "panic("); ok {
		if _, after, ok = strings.Cut(after, "\n\t"); ok {
			_, stack, _ = strings.Cut(after, "\n")
		}
	}
	lines := strings.SplitAfter(stack, "\n")
	stack = strings.Join(lines[:min(8, len(lines))], "")
	return &failure{fmt.Sprintf("panic: %v\n\n%s", r, stack), k.now.String()}
}

// A recorder stands in for a test, so that what rapid says of a failing case
// can be said shorter.
type recorder struct {
	name   string
	text   strings.Builder
	failed bool
}

func (r *recorder) Helper()      {}
func (r *recorder) Name() string { return r.name }
func (r *recorder) Failed() bool { return r.failed }
func (r *recorder) Fail()        { r.failed = true }
func (r *recorder) FailNow()     { r.failed = true }
func (r *recorder) SkipNow()     {}

func (r *recorder) Logf(format string, args ...any)  {}
func (r *recorder) Log(args ...any)                  {}
func (r *recorder) Skipf(format string, args ...any) {}
func (r *recorder) Skip(args ...any)                 {}

func (r *recorder) Errorf(format string, args ...any) {
	r.failed = true
	fmt.Fprintf(&r.text, format, args...)
}
func (r *recorder) Error(args ...any)                 { r.Errorf("%s", fmt.Sprint(args...)) }
func (r *recorder) Fatalf(format string, args ...any) { r.Errorf(format, args...) }
func (r *recorder) Fatal(args ...any)                 { r.Error(args...) }
