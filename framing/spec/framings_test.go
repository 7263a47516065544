package spec_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/wholeframe/wholeframe/framing/spec"
)

// Each framing and each key is described in Help and in errors, and the example can
// be parsed.
func TestFramings(t *testing.T) {
	help := spec.Help()
	names := make(map[string]bool)
	for _, f := range spec.Framings() {
		t.Run(f.Name, func(t *testing.T) {
			if names[f.Name] {
				t.Error("the name is a duplicate")
			}
			names[f.Name] = true
			if f.About == "" || strings.Contains(f.About, "\n") || !strings.Contains(help, f.Name+": "+f.About+"\n") {
				t.Errorf("About is %q; want one line of Help", f.About)
			}
			if name, _, _ := strings.Cut(f.Example, ","); name != f.Name || !strings.Contains(help, "example: "+f.Example+"\n") {
				t.Errorf("Example is %q; want a spec of %s, in Help", f.Example, f.Name)
			}
			if _, err := spec.Parse(f.Example); err != nil {
				t.Errorf("Parse(%q) = %v; want nil", f.Example, err)
			}

			_, unknown := spec.Parse(f.Name + ",nonsense")
			keys := make(map[string]bool)
			for _, k := range f.Keys {
				if keys[k.Name] {
					t.Errorf("key %s is a duplicate", k.Name)
				}
				keys[k.Name] = true
				about := k.About
				if k.Repeat {
					about += "; may be repeated"
				}
				line := fmt.Sprintf("    %-22s %s\n", k, about)
				if len(k.String()) >= 22 {
					line = fmt.Sprintf("    %s\n%27s%s\n", k, "", about)
				}
				if k.About == "" || !strings.Contains(help, line) {
					t.Errorf("Help() lacks %q", line)
				}
				if !strings.Contains(unknown.Error(), k.String()) {
					t.Errorf("the error of an unknown key is %v; want %v in it", unknown, k)
				}
			}
			if want := f.Name + " takes no keys"; len(f.Keys) == 0 && !strings.Contains(unknown.Error(), want) {
				t.Errorf("the error of an unknown key is %v; want %s in it", unknown, want)
			}
		})
	}
}

// The framings of a kind follow each other, in Help under its name.
func TestFramingsByKind(t *testing.T) {
	help := spec.Help()
	kind := ""
	for _, f := range spec.Framings() {
		if f.Kind != kind {
			kind = f.Kind
			heading := "\n\n" + strings.ToUpper(kind) + "\n\n"
			if kind == "" || strings.Count(help, heading) != 1 {
				t.Fatalf("%s is of the kind %q; want %q once in Help", f.Name, kind, heading)
			}
			_, help, _ = strings.Cut(help, strings.TrimSuffix(heading, "\n"))
		}
		before, after, found := strings.Cut(help, "\n"+f.Name+": ")
		if !found || strings.TrimSpace(before) != "" && !strings.Contains(before, "example: ") {
			t.Errorf("Help lacks %s under %s", f.Name, kind)
		}
		help = after
	}
}

func TestFramingsReturnsCopy(t *testing.T) {
	list := spec.Framings()
	list[0].Name, list[0].Keys[0].Name = "x", "x"
	if _, err := spec.Parse("line,keep"); err != nil {
		t.Errorf("Parse after a change of what Framings returned: %v; want nil", err)
	}
}

func TestHelpFitsTerminal(t *testing.T) {
	for line := range strings.Lines(spec.Help()) {
		if n := len(strings.TrimSuffix(line, "\n")); n > 100 {
			t.Errorf("a line of Help has %d characters; want at most 100: %s", n, line)
		}
	}
}
