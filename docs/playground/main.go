// Command playground serves a page that shows framings at work: bytes arrive in
// pieces, and frames come out.
//
//	go run ./docs/playground
//	go run ./docs/playground -o DIR
//
// The page runs the library itself, compiled to WebAssembly. The program builds
// it when it starts, so it needs the go command and must be run inside this
// repository. With -o it writes the page's files to a directory, which any web
// server can serve, and ends. The page loads nothing from other servers.
package main

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

const wasmPackage = "github.com/wholeframe/wholeframe/docs/playground/wasm"

//go:embed index.html style.css app.js
var page embed.FS

func main() {
	// Before anything else: a signal that comes early is not lost.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("playground", flag.ContinueOnError)
	flags.SetOutput(stderr)
	addr := flags.String("addr", "127.0.0.1:8080", "`address` to listen on; port 0 takes any that is free")
	dir := flags.String("o", "", "write the page to this `directory`, for any web server to serve, and exit")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(stderr, "playground: unexpected argument %q; see playground -h\n", flags.Arg(0))
		return 2
	}
	var err error
	if *dir != "" {
		err = write(ctx, *dir, stdout)
	} else if err = serve(ctx, *addr, stdout); ctx.Err() != nil {
		err = nil // Ctrl-C ends it
	}
	if err != nil {
		fmt.Fprintf(stderr, "playground: %v\n", err)
		return 1
	}
	return 0
}

// write writes the page's files to dir, which it makes if there is none.
func write(ctx context.Context, dir string, stdout io.Writer) error {
	files, err := load(ctx)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := os.WriteFile(filepath.Join(dir, name), files[name], 0o666); err != nil {
			return err
		}
	}
	fmt.Fprintf(stdout, "wrote %d files to %s\n", len(files), dir)
	return nil
}

// serve serves the page until ctx is done.
func serve(ctx context.Context, addr string, stdout io.Writer) error {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	defer l.Close()
	files, err := load(ctx)
	if err != nil {
		return err
	}
	s := &http.Server{Handler: handler(files), ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	fmt.Fprintf(stdout, "http://%s/ (Ctrl-C ends it)\n", l.Addr())
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
		return s.Close()
	}
}

// handler serves the page's files.
func handler(files map[string][]byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(r.URL.Path, "/")
		if name == "" {
			name = "index.html"
		}
		content, ok := files[name]
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(content))
	})
}

// load returns the page, the library, the script that starts the library, and the
// messages of protocols, by name.
func load(ctx context.Context) (map[string][]byte, error) {
	files := make(map[string][]byte)
	for _, name := range []string{"index.html", "style.css", "app.js"} {
		content, err := page.ReadFile(name)
		if err != nil {
			return nil, err
		}
		files[name] = content
	}
	library, err := build(ctx)
	if err != nil {
		return nil, err
	}
	files["wholeframe.wasm"] = library
	// The loader is that of the Go version that compiles.
	if files["wasm_exec.js"], err = below(ctx, "lib/wasm/wasm_exec.js", "env", "GOROOT"); err != nil {
		return nil, err
	}
	if files["presets.json"], err = below(ctx, "testdata/decode/presets.json", "list", "-m", "-f={{.Dir}}", "github.com/wholeframe/wholeframe"); err != nil {
		return nil, err
	}
	return files, nil
}

// build returns the library as WebAssembly.
func build(ctx context.Context) ([]byte, error) {
	dir, err := os.MkdirTemp("", "playground")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "wholeframe.wasm")
	if _, err := goCommand(ctx, "build", "-trimpath", "-ldflags=-s -w", "-o", file, wasmPackage); err != nil {
		return nil, err
	}
	return os.ReadFile(file)
}

// below returns a file below the directory that the go command prints.
func below(ctx context.Context, name string, args ...string) ([]byte, error) {
	dir, err := goCommand(ctx, args...)
	if err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(strings.TrimSpace(dir), filepath.FromSlash(name)))
}

// goCommand returns what the go command prints when it works for the browser.
func goCommand(ctx context.Context, args ...string) (string, error) {
	c := exec.CommandContext(ctx, "go", args...)
	c.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.Output()
	if ctx.Err() != nil {
		return "", fmt.Errorf("go %s: interrupted", args[0])
	}
	if err != nil {
		lines := strings.Split(strings.TrimSpace(stderr.String()), "\n")
		return "", fmt.Errorf("go %s: %w: %s", args[0], err, strings.Join(lines, "; "))
	}
	return string(out), nil
}
