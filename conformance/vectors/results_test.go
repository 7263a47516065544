package vectors

import (
	"strings"
	"testing"
)

func resultsOf(t *testing.T, lines ...string) (*Results, error) {
	t.Helper()
	set, err := Load("../../testdata")
	if err != nil {
		t.Fatal(err)
	}
	r := NewResults(set)
	return r, r.Add([]byte(strings.Join(lines, "\n")))
}

// What is not a result is an error, which shows it.
func TestResultErrors(t *testing.T) {
	for _, line := range []string{
		`no JSON`, `{"decoder":"x","vector":"no such vector","events":[]}`, `{"encoder":"x","vector":"netty-strip","wire":""}`,
		`{"encoder":"x","vector":"encode-line-empty"}`, `{"encoder":"x","vector":"encode-line-empty","wire":"","refused":""}`,
	} {
		if _, err := resultsOf(t, line); err == nil || !strings.Contains(err.Error(), line) {
			t.Errorf("Add(%s) = %v, want an error with the line", line, err)
		}
	}
}

// The tables count each result, and name what differs, but for what a decoder makes of
// malformed bytes.
func TestMarkdown(t *testing.T) {
	r, err := resultsOf(t,
		`{"decoder":"d","vector":"nio-valid-2","events":["frame 61"],"cuts":[["bytes",["frame 6161"]]]}`,
		`{"decoder":"d","vector":"pekko-truncated","events":[]}`,
		`{"decoder":"d","vector":"netstring-blank","events":["frame 61"]}`,
		`{"vector":"dot-bare-lf","skip":"no such configuration"}`,
		`{"encoder":"e","vector":"encode-line-empty","wire":"0a"}`,
		`{"encoder":"e","vector":"encode-line-61","refused":"full"}`,
		`{"encoder":"e","vector":"encode-line-0a","wire":"0a0a"}`,
	)
	if err != nil {
		t.Fatal(err)
	}
	text := r.Markdown()
	for _, want := range []string{
		"\n3 of ", "| d | 3 | 1 |  |  | 1 |  |  |  | 1 |  | 1 |\n",
		"| d | silent | R1 | 1 | `pekko-truncated` | `unexpected_eof` | nothing |\n",
		"| d | depends on cuts | L3 | 1 | `nio-valid-2` | `frame 61` | `frame 6161` |\n",
		"| e | 1 |  |  | 1 | 1 |\n",
	} {
		if !strings.Contains("\n"+text, want) {
			t.Errorf("Markdown() lacks %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "netstring-blank") {
		t.Errorf("Markdown() has what a decoder makes of malformed bytes:\n%s", text)
	}
}

// The folder needs vectors in it.
func TestLoadErrors(t *testing.T) {
	if _, err := Load(t.TempDir()); err == nil || !strings.Contains(err.Error(), "no vectors") {
		t.Errorf("Load of an empty folder: got error %v, want that it has no vectors", err)
	}
}
