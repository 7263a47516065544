// Package fleet knows the servers that are compared: how each is built, started on a processor of its own, and
// stopped.
package fleet

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/wholeframe/wholeframe/bench/peers/peer"
)

// A Server is one of those that are compared.
type Server struct {
	Name     string
	Framings []string
	// WarmUps is how many times the ordinary warm-up it gets: more than one where code is compiled while it runs.
	WarmUps int
	// WholeHeaders tells that the server reads a length field with one Read, so that it must not arrive in parts.
	WholeHeaders bool

	build func(ctx context.Context, dirs dirs) (Program, error)
}

// A Program is a server that has been built.
type Program struct {
	Version string   // of what frames in it
	Command []string // the flags -addr and -framing follow it
}

// ErrMissing is why a server can't be built where something that it needs isn't installed.
var ErrMissing = errors.New("not installed")

// dirs are the folders that building needs.
type dirs struct {
	bench string // this module
	out   string // for what is built
}

var bothFramings = []string{peer.Line, peer.Length}

// All lists the servers. The first is the limit that the others are compared with.
var All = []Server{
	goPeer("raw", ""),
	{Name: Ours, Framings: bothFramings, WarmUps: 1, build: buildOurs},
	goPeer(Library, ""),
	goPeer("byhand", ""),
	{Name: "naive", Framings: []string{peer.Line}, WarmUps: 1, build: goBuild("naive", "")},
	{
		Name: "goframe", Framings: bothFramings, WarmUps: 1, WholeHeaders: true,
		build: goBuild("goframe", "github.com/smallnest/goframe"),
	},
	goPeer("gnet", "github.com/panjf2000/gnet/v2"),
	goPeer("netpoll", "github.com/cloudwego/netpoll"),
	goPeer("nbio", "github.com/lesismal/nbio"),
	{Name: "netty", Framings: bothFramings, WarmUps: 5, build: buildNetty},
	{Name: "tokio", Framings: bothFramings, WarmUps: 1, build: buildTokio},
}

const (
	Raw     = "raw"        // the server that the others are compared with
	Ours    = "wholeframe" // cmd/echo
	Library = "library"    // package framing without the server
)

// Names returns the names of all servers.
func Names() []string {
	var names []string
	for _, s := range All {
		names = append(names, s.Name)
	}
	return names
}

// Named returns the servers with the given names, in the order of All.
func Named(names []string) ([]Server, error) {
	known := Names()
	for _, name := range names {
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("unknown server %q; there are %s", name, strings.Join(known, ", "))
		}
	}
	return slices.DeleteFunc(slices.Clone(All), func(s Server) bool { return !slices.Contains(names, s.Name) }), nil
}

// Build builds the server. An error that is ErrMissing says what would have to be installed.
func (s Server) Build(ctx context.Context) (Program, error) {
	d, unlock, err := openDirs(ctx)
	if err != nil {
		return Program{}, err
	}
	defer unlock()
	program, err := s.build(ctx, d)
	if err != nil {
		return Program{}, fmt.Errorf("%s: %w", s.Name, err)
	}
	return program, nil
}

// BuildTool builds a command of this module, such as the load generator, and returns its path.
func BuildTool(ctx context.Context, name string) (string, error) {
	d, unlock, err := openDirs(ctx)
	if err != nil {
		return "", err
	}
	defer unlock()
	path := filepath.Join(d.out, name)
	return path, run(ctx, d.bench, "go", "build", "-o", path, "./cmd/"+name)
}

// openDirs returns the folders, locked: the tests of several packages may build the same program at once, and one must
// not start what another is still writing.
func openDirs(ctx context.Context) (d dirs, unlock func(), err error) {
	if d.bench, err = moduleDir(ctx); err != nil {
		return dirs{}, nil, err
	}
	d.out = filepath.Join(d.bench, ".build")
	if err := os.MkdirAll(d.out, 0o755); err != nil {
		return dirs{}, nil, err
	}
	lock, err := os.Create(filepath.Join(d.out, "lock"))
	if err != nil {
		return dirs{}, nil, err
	}
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX); err != nil {
		return dirs{}, nil, errors.Join(fmt.Errorf("lock %s: %w", lock.Name(), err), lock.Close())
	}
	return d, func() { lock.Close() }, nil
}

// moduleDir finds this module from any folder inside it.
func moduleDir(ctx context.Context) (string, error) {
	const module = "github.com/wholeframe/wholeframe/bench"
	dir, err := output(ctx, ".", "go", "list", "-m", "-f", "{{.Dir}}", module)
	if err != nil {
		return "", fmt.Errorf("not inside the module %s: %w", module, err)
	}
	return dir, nil
}

// run runs a command in a folder; its output is in the error.
func run(ctx context.Context, dir string, name string, args ...string) error {
	_, err := output(ctx, dir, name, args...)
	return err
}

// output runs a command in a folder and returns what it printed.
func output(ctx context.Context, dir string, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s%s", strings.Join(cmd.Args, " "), err, out, complaints.String())
	}
	return strings.TrimSpace(string(out)), nil
}
