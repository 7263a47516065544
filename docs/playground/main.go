// Command playground serves a page that shows framings at work: bytes arrive in
// pieces, and frames come out.
//
//	go run ./docs/playground
//
// The page runs the library itself, compiled to WebAssembly. The program builds
// it when it starts, so it needs the go command and must be run inside this
// repository. The page asks nothing of any other server.
package main

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
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
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(stderr, "playground: %q is no flag; see playground -h\n", flags.Arg(0))
		return 2
	}
	if err := serve(ctx, *addr, stdout); err != nil {
		fmt.Fprintf(stderr, "playground: %v\n", err)
		return 1
	}
	return 0
}

// serve serves the page until ctx is done.
func serve(ctx context.Context, addr string, stdout io.Writer) error {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	defer l.Close()
	h, err := handler(ctx)
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return err
	}
	s := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
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

// handler serves the page, the library and what loads it.
func handler(ctx context.Context) (http.Handler, error) {
	library, err := build(ctx)
	if err != nil {
		return nil, err
	}
	loader, err := loader(ctx)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /", http.FileServerFS(page))
	for name, content := range map[string][]byte{"wholeframe.wasm": library, "wasm_exec.js": loader} {
		mux.HandleFunc("GET /"+name, func(w http.ResponseWriter, r *http.Request) {
			http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(content))
		})
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		mux.ServeHTTP(w, r)
	}), nil
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

// loader returns the JavaScript that runs what this version of Go compiles.
func loader(ctx context.Context) ([]byte, error) {
	root, err := goCommand(ctx, "env", "GOROOT")
	if err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(strings.TrimSpace(root), "lib", "wasm", "wasm_exec.js"))
}

// goCommand returns what the go command prints when it works for the browser.
func goCommand(ctx context.Context, args ...string) (string, error) {
	c := exec.CommandContext(ctx, "go", args...)
	c.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		lines := strings.Split(strings.TrimSpace(stderr.String()), "\n")
		return "", fmt.Errorf("go %s: %w: %s", args[0], err, strings.Join(lines, "; "))
	}
	return string(out), nil
}
