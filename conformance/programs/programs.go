// Package programs knows the small programs of this module, on the public API of
// other stacks: what each needs, how it is built, and how it is run.
package programs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// A Program is a program in a folder of this module.
type Program struct {
	Name string
	// Frames is what it frames with, and After the documentation that it was written
	// after.
	Frames, After string
	// Dir is the folder of its source.
	Dir string
	// Commands and Packages are what building and running it need: commands on the
	// PATH, and Debian packages.
	Commands, Packages []string
	// Compile is run in Dir first, if it is not nil. Run runs the program, in any
	// folder. Version prints the version of the stack. In all of them {dir} is Dir,
	// and {out} a folder for what Compile makes.
	Compile, Run, Version []string
}

// A Built program can be run.
type Built struct {
	Program
	Version string
	Command []string // Run, without {dir} and {out}
}

// ErrMissing is the error of a program that needs what is not installed.
var ErrMissing = errors.New("not installed")

// Build builds the program of the module in the folder root. The error is ErrMissing
// if something that it needs is not installed.
func (p Program) Build(ctx context.Context, root string) (Built, error) {
	built, err := p.build(ctx, root)
	if err != nil {
		return Built{}, fmt.Errorf("%s: %w", p.Name, err)
	}
	return built, nil
}

func (p Program) build(ctx context.Context, root string) (Built, error) {
	if err := p.installed(); err != nil {
		return Built{}, err
	}
	root, err := filepath.Abs(root)
	if err != nil {
		return Built{}, err
	}
	dir, out := filepath.Join(root, p.Dir), filepath.Join(root, ".build", p.Name)
	if err := os.MkdirAll(out, 0o755); err != nil {
		return Built{}, err
	}
	places := strings.NewReplacer("{dir}", dir, "{out}", out)
	place := func(command []string) []string {
		placed := make([]string, len(command))
		for i, word := range command {
			placed[i] = places.Replace(word)
		}
		return placed
	}
	if p.Compile != nil {
		if _, err := Output(ctx, dir, place(p.Compile)); err != nil {
			return Built{}, err
		}
	}
	version, err := Output(ctx, dir, place(p.Version))
	if err != nil {
		return Built{}, err
	}
	return Built{Program: p, Version: string(bytes.TrimSpace(version)), Command: place(p.Run)}, nil
}

func (p Program) installed() error {
	for _, name := range p.Commands {
		if _, err := exec.LookPath(name); err != nil {
			return fmt.Errorf("command %s: %w", name, ErrMissing)
		}
	}
	for _, name := range p.Packages {
		// Every package of Debian has such a folder.
		if _, err := os.Stat("/usr/share/doc/" + name); err != nil {
			return fmt.Errorf("package %s of Debian: %w", name, ErrMissing)
		}
	}
	return nil
}

// Output runs a command in a folder and returns what it prints. What it prints as
// errors is part of the error.
func Output(ctx context.Context, dir string, command []string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Dir = dir
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	output, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w\n%s%s", strings.Join(command, " "), err, output, complaints.String())
	}
	return output, nil
}
