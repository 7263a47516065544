package breaks

import (
	"encoding/json"
	"errors"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

var runFlag = flag.Bool("breaks.run", false, "apply each break and run its test")

const (
	root    = "../.." // of the repository
	atATime = 2       // tests
	patient = "100s"  // for each: longer than those of e2e wait
)

// Each break fits the code: what it replaces is there once, what comes out is
// Go, and its test exists. With -breaks.run that test passes without the break
// and fails with it.
func TestBreaks(t *testing.T) {
	tests := testNames(t)
	if *runFlag {
		for pkg, names := range tests {
			if output, err := goTest(pkg, strings.Join(names, "|")); err != nil {
				t.Fatalf("without a break %s: %v\n%s", pkg, err, output)
			}
		}
	}
	var run, killed atomic.Int64
	slots := make(chan struct{}, atATime)
	t.Run("each", func(t *testing.T) {
		for _, m := range breaks {
			t.Run(m.what, func(t *testing.T) {
				text := m.apply(t)
				if !slices.Contains(tests[m.pkg], m.test) {
					t.Fatalf("there is no %s in %s", m.test, m.pkg)
				}
				if !*runFlag {
					return
				}
				run.Add(1)
				t.Parallel()
				slots <- struct{}{}
				defer func() { <-slots }()
				start := time.Now()
				m.kill(t, text)
				killed.Add(1)
				t.Logf("killed by %s: %s (%.1f s)", m.test, m.what, time.Since(start).Seconds())
			})
		}
	})
	if *runFlag {
		t.Logf("%d of %d killed", killed.Load(), run.Load())
	}
}

// apply returns the file with the break.
func (m *mutant) apply(t *testing.T) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, m.file))
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), m.old); n != 1 {
		t.Fatalf("%s has %d times, not once:\n%s", m.file, n, m.old)
	}
	text = []byte(strings.Replace(string(text), m.old, m.new, 1))
	if _, err := parser.ParseFile(token.NewFileSet(), m.file, text, parser.SkipObjectResolution); err != nil {
		t.Fatal(err)
	}
	return text
}

// kill runs the test on text instead of the file, and sees to it that it fails.
func (m *mutant) kill(t *testing.T, text []byte) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "broken.go")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	original, err := filepath.Abs(filepath.Join(root, m.file))
	if err != nil {
		t.Fatal(err)
	}
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{original: file}})
	if err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(list, overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	output, err := goTest(m.pkg, m.test, "-overlay="+list)
	var exit *exec.ExitError
	switch {
	case err == nil:
		t.Fatalf("%s lives: %s passes", m.what, m.test)
	case !errors.As(err, &exit) || strings.Contains(output, "[build failed]") || strings.Contains(output, "[setup failed]"):
		t.Fatalf("%s does not run: %v\n%s", m.test, err, output)
	case strings.Contains(output, "panic: test timed out"):
		t.Fatalf("%s hangs:\n%s", m.test, output)
	case !strings.Contains(output, "--- FAIL: "+m.test) && !strings.Contains(output, "panic: "):
		t.Fatalf("%s does not fail itself, what follows it does:\n%s", m.test, output)
	}
}

// goTest runs tests of a package, and returns what they print. flags are for the
// commands, too, that the tests build.
func goTest(pkg, tests string, flags ...string) (string, error) {
	cmd := exec.Command("go", "test", "-count=1", "-vet=off", "-timeout", patient, "-run", "^("+tests+")$", ".")
	cmd.Dir = filepath.Join(root, pkg)
	cmd.Env = append(os.Environ(), "GOFLAGS="+strings.Join(append(strings.Fields(os.Getenv("GOFLAGS")), flags...), " "))
	output, err := cmd.CombinedOutput()
	return string(output), err
}

// testNames returns the tests that the table names, for each package, as far as
// they exist.
func testNames(t *testing.T) map[string][]string {
	t.Helper()
	wanted := make(map[string]map[string]bool)
	for _, m := range breaks {
		if wanted[m.pkg] == nil {
			wanted[m.pkg] = make(map[string]bool)
		}
		wanted[m.pkg][m.test] = true
	}
	found := make(map[string][]string)
	for pkg, names := range wanted {
		files, err := filepath.Glob(filepath.Join(root, pkg, "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range tree.Decls {
				if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && names[f.Name.Name] {
					found[pkg] = append(found[pkg], f.Name.Name)
				}
			}
		}
	}
	return found
}
