package programs

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What a program needs is named if it is not installed.
func TestMissing(t *testing.T) {
	for _, test := range []struct {
		p    Program
		want string
	}{
		{Program{Name: "p", Commands: []string{"no-such-command"}}, "p: command no-such-command: not installed"},
		{Program{Name: "p", Packages: []string{"no-such-package"}}, "p: package no-such-package of Debian: not installed"},
	} {
		if _, err := test.p.Build(t.Context(), t.TempDir()); !errors.Is(err, ErrMissing) || err.Error() != test.want {
			t.Errorf("Build() = %v, want %s", err, test.want)
		}
	}
}

// The compiler runs in the folder of the source; the command runs anywhere.
func TestBuild(t *testing.T) {
	root := t.TempDir()
	if err := os.MkdirAll(filepath.Join(root, "src"), 0o700); err != nil {
		t.Fatal(err)
	}
	p := Program{
		Name: "p", Dir: "src", Compile: []string{"sh", "-c", "pwd > {out}/made"},
		Run: []string{"cat", "{out}/made", "{addr}"}, Version: []string{"echo", " 1.2 "},
	}
	built, err := p.Build(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(root, ".build", "p", "made"); built.Command[1] != want || built.Command[2] != "{addr}" || built.Version != "1.2" {
		t.Errorf("Build() = %q of version %q, want cat %s {addr} of version 1.2", built.Command, built.Version, want)
	}
	made, err := os.ReadFile(built.Command[1])
	if want := filepath.Join(root, "src") + "\n"; err != nil || string(made) != want {
		t.Errorf("the compiler ran in %q, error %v; want %q", made, err, want)
	}
}

// What a compiler prints is in the error.
func TestBuildFails(t *testing.T) {
	p := Program{Name: "p", Compile: []string{"sh", "-c", "echo wrong >&2; exit 3"}}
	if _, err := p.Build(t.Context(), t.TempDir()); err == nil || !strings.HasSuffix(err.Error(), "exit status 3\nwrong\n") {
		t.Errorf("Build() = %v, want the exit status, and wrong", err)
	}
}

// Names are unique, and every program has a folder.
func TestPrograms(t *testing.T) {
	for _, all := range [][]Program{Servers, Runners} {
		names := make(map[string]bool)
		for _, p := range all {
			if names[p.Name] {
				t.Errorf("duplicate name %s", p.Name)
			}
			names[p.Name] = true
			if _, err := os.Stat(filepath.Join("..", p.Dir)); err != nil {
				t.Errorf("%s: %v", p.Name, err)
			}
		}
	}
}
