package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// runs runs the command, and returns its exit code and what it prints.
func runs(args ...string) (code int, printed string) {
	var b strings.Builder
	code = run(args, &b)
	return code, b.String()
}

// inModule changes to the folder conformance.
func inModule(t *testing.T) {
	t.Helper()
	t.Chdir(filepath.Join("..", ".."))
}

func read(t *testing.T, path ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Wrong usage is refused with what is allowed.
func TestUsage(t *testing.T) {
	for _, test := range []struct {
		args string
		want string
	}{
		{"", "Usage: conformance [flags] servers|vectors"},
		{"both", "Usage: conformance [flags] servers|vectors"},
		{"servers vectors", "Usage: conformance [flags] servers|vectors"},
		{"-only=x servers", `there is no program "x"`},
		{"-nothing", "flag provided but not defined: -nothing"},
	} {
		if code, printed := runs(strings.Fields(test.args)...); code != 2 || !strings.Contains(printed, test.want) {
			t.Errorf("conformance %s: exit code %d, printed %q; want 2, and %q", test.args, code, printed, test.want)
		}
	}
	if code, _ := runs("-h"); code != 0 {
		t.Errorf("conformance -h: exit code %d, want 0", code)
	}
}

// A decoder that was written from testdata/README.md alone agrees with every vector, and
// the modules of npm are played.
func TestVectors(t *testing.T) {
	inModule(t)
	out := t.TempDir()
	code, printed := runs("-only=asyncio,node", "-out="+out, "vectors")
	if code != 0 {
		t.Fatalf("exit code %d, want 0; printed:\n%s", code, printed)
	}
	page := read(t, out, "vectors", "README.md")
	for _, want := range []string{
		`\| asyncio readexactly \(length\) \| [0-9]+ \| [0-9]+ \| [0-9]+ \|(?:  \|){8}\n`, `\n\| npm cobs \| `,
	} {
		if !regexp.MustCompile(want).MatchString(page) {
			t.Errorf("the page lacks %s:\n%s", want, page)
		}
	}
}

// The servers that need nothing but Go, Node.js and Python answer, and each has its
// column. A case that would tell how to harm another server is played against ours only.
// A server that has reports is not judged again.
func TestServers(t *testing.T) {
	inModule(t)
	out, reports := t.TempDir(), t.TempDir()
	args := []string{"-only=scanner,goframe,gnet,node,asyncio,wholeframe", "-cases=1.1,5.7,9.2", "-out=" + out, "-reports=" + reports, "servers"}
	code, printed := runs(args...)
	if code != 0 {
		t.Fatalf("exit code %d, want 0; printed:\n%s", code, printed)
	}
	page := read(t, out, "README.md")
	for _, want := range []string{
		`\n\| case \| asyncio \| gnet \| goframe \| node \| scanner \| wholeframe \|\n`,
		`\n\| 1\.1 [^|]+ \| ✓ \| ✓ \| ✓ \| ✓ \| ✓ \| ✓ \|\n`,
		`\n\| 5\.7 [^|]+ \|  \|  \|  \|  \|  \| ✓ \|\n`,
		`\n\| 9\.2 [^|]+ \| [^|]+ \| [^|]+ \| [^|]+ \| [^|]+ \| [^|]+ \| ✓ \|\n`,
		`\n### scanner\n\nEvery case that applies passed\.\n`,
	} {
		if !regexp.MustCompile(want).MatchString(page) {
			t.Errorf("the page lacks %s:\n%s", want, page)
		}
	}
	for _, name := range []string{"matrix-line.html", "matrix-length.html"} {
		if page := read(t, out, name); !strings.Contains(page, "<!doctype html>") || strings.Count(page, "popover id=") != 13 {
			t.Errorf("%s is not a page with 13 results:\n%s", name, page)
		}
	}

	if report := read(t, reports, "wholeframe.line.json"); !strings.Contains(report, `"counts":{"pass":3}`) {
		t.Errorf("the report lacks the counts of all cases:\n%s", report)
	}
	report := strings.ReplaceAll(read(t, reports, "scanner.line.json"), `"pass"`, `"fail"`)
	if err := os.WriteFile(filepath.Join(reports, "scanner.line.json"), []byte(report), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, printed := runs(args...); code != 0 {
		t.Fatalf("exit code %d, want 0; printed:\n%s", code, printed)
	}
	if page := read(t, out, "README.md"); !strings.Contains(page, " | ✓ | ✗ | ✓ |\n") {
		t.Errorf("the page lacks the report that was there:\n%s", page)
	}
}
