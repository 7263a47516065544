package durationflag_test

import (
	"flag"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/wholeframe/wholeframe/internal/durationflag"
)

func TestVar(t *testing.T) {
	for text, want := range map[string]string{
		"":     "want a duration, such as 500ms, 10s or 2m",
		"5":    "a duration needs a unit: write 5s, or ms, m, h",
		"-1.5": "a duration needs a unit: write -1.5s, or ms, m, h",
		"soon": "want a duration, such as 500ms, 10s or 2m",
		"5 s":  "want a duration, such as 500ms, 10s or 2m",
		"-3m":  "",
		"0":    "",
	} {
		f := flag.NewFlagSet("", flag.ContinueOnError)
		f.SetOutput(io.Discard)
		var d time.Duration
		durationflag.Var(f, &d, "wait", 90*time.Second, "wait for this `duration`")
		err := f.Parse([]string{"-wait=" + text})
		if want == "" {
			if parsed, _ := time.ParseDuration(text); err != nil || d != parsed {
				t.Errorf("Parse of %q = %v, %v; want %v, nil", text, d, err, parsed)
			}
			continue
		}
		if err == nil || !strings.HasSuffix(err.Error(), " for flag -wait: "+want) || d != 90*time.Second {
			t.Errorf("Parse of %q = %v, %v; want 1m30s, %s", text, d, err, want)
		}
	}
}

// The usage is that of a flag of package flag.
func TestVar_Usage(t *testing.T) {
	var ours, theirs strings.Builder
	var d time.Duration
	f := flag.NewFlagSet("", flag.ContinueOnError)
	f.SetOutput(&ours)
	durationflag.Var(f, &d, "a", 0, "wait for this `duration`")
	durationflag.Var(f, &d, "b", time.Second, "wait for this `duration`")
	f.PrintDefaults()
	f = flag.NewFlagSet("", flag.ContinueOnError)
	f.SetOutput(&theirs)
	f.DurationVar(&d, "a", 0, "wait for this `duration`")
	f.DurationVar(&d, "b", time.Second, "wait for this `duration`")
	f.PrintDefaults()
	if ours.String() != theirs.String() {
		t.Errorf("usage:\n%s\nwant:\n%s", ours.String(), theirs.String())
	}
}
