package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// All files that the page loads are served, and no others.
func TestServe(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stdout, line := io.Pipe()
	var stderr bytes.Buffer
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, []string{"-addr=127.0.0.1:0"}, line, &stderr)
		line.Close()
	}()
	said := make([]byte, 100)
	n, err := stdout.Read(said)
	require.NoError(t, err, stderr.String())
	address := regexp.MustCompile(`^(http://127\.0\.0\.1:\d+/) \(Ctrl-C ends it\)\n$`).FindSubmatch(said[:n])
	require.NotNil(t, address, "%s", said[:n])
	url := string(address[1])

	get := func(path string) (content, kind string) {
		r, err := http.Get(url + path)
		require.NoError(t, err)
		defer r.Body.Close()
		b, err := io.ReadAll(r.Body)
		require.NoError(t, err)
		assert.Equal(t, http.StatusOK, r.StatusCode, path)
		return string(b), r.Header.Get("Content-Type")
	}
	index, kind := get("")
	assert.Equal(t, "text/html; charset=utf-8", kind)
	assert.Contains(t, index, `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; `)
	links := regexp.MustCompile(`<(?:link|script|img)\s[^>]*(?:href|src)="([^"]*)"`).FindAllStringSubmatch(index, -1)
	assert.Len(t, links, 4)
	for _, link := range links {
		if !strings.HasPrefix(link[1], "data:") {
			get(link[1])
		}
	}
	script, _ := get("app.js")
	for _, m := range regexp.MustCompile(`load\("([^"]+)"\)`).FindAllStringSubmatch(script, -1) {
		get(m[1])
	}
	library, kind := get("wholeframe.wasm")
	assert.Equal(t, "application/wasm", kind)
	assert.True(t, strings.HasPrefix(library, "\x00asm"))
	loader, _ := get("wasm_exec.js")
	assert.Contains(t, loader, "globalThis.Go = class")
	presets, _ := get("presets.json")
	assert.True(t, json.Valid([]byte(presets)))
	missing, err := http.Get(url + "main.go")
	require.NoError(t, err)
	missing.Body.Close()
	assert.Equal(t, http.StatusNotFound, missing.StatusCode)

	stop()
	assert.Equal(t, 0, <-code)
	assert.Empty(t, stderr.String())
}

// The page's links to documents lead to files of this repository.
func TestLinksToDocuments(t *testing.T) {
	for _, name := range []string{"index.html", "app.js"} {
		text, err := page.ReadFile(name)
		require.NoError(t, err)
		links := regexp.MustCompile(`https://github\.com/wholeframe/wholeframe/blob/main/([^"#]*)`).FindAllSubmatch(text, -1)
		assert.NotEmpty(t, links, name)
		for _, link := range links {
			assert.FileExists(t, filepath.Join("../..", string(link[1])+map[string]string{"": "go.mod"}[string(link[1])]))
		}
	}
}

// With -o the same files are in a directory, in the place of older ones.
func TestWrite(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "site")
	require.NoError(t, os.MkdirAll(dir, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "app.js"), []byte("old"), 0o600))
	var stdout, stderr bytes.Buffer
	assert.Equal(t, 0, run(t.Context(), []string{"-o", dir}, &stdout, &stderr))
	assert.Equal(t, "wrote 6 files to "+dir+"\n", stdout.String())
	assert.Empty(t, stderr.String())
	want, err := load(t.Context())
	require.NoError(t, err)
	for name, content := range want {
		got, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		assert.True(t, bytes.Equal(content, got), name)
	}

	stdout.Reset()
	assert.Equal(t, 1, run(t.Context(), []string{"-o", filepath.Join(dir, "app.js")}, &stdout, &stderr))
	assert.Regexp(t, `^playground: mkdir .*app\.js: not a directory\n$`, stderr.String())
	assert.Empty(t, stdout.String())
}

// After Ctrl-C while the library is built there is no page, which is reported.
func TestWriteInterrupted(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	dir := filepath.Join(t.TempDir(), "site")
	var stdout, stderr bytes.Buffer
	assert.Equal(t, 1, run(ctx, []string{"-o", dir}, &stdout, &stderr))
	assert.Equal(t, "playground: go build: interrupted\n", stderr.String())
	assert.NoDirExists(t, dir)

	// Serving is ended with Ctrl-C at any time.
	stderr.Reset()
	assert.Equal(t, 0, run(ctx, []string{"-addr=127.0.0.1:0"}, &stdout, &stderr))
	assert.Empty(t, stdout.String()+stderr.String())
}

func TestCannotServe(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"-addr", taken.Addr().String()}, 1, `^playground: listen tcp ` + taken.Addr().String() + `: .+\n$`},
		{[]string{"-port=1"}, 2, `^flag provided but not defined: -port\nUsage of playground:\n`},
		{[]string{"8080"}, 2, `^playground: unexpected argument "8080"; see playground -h\n$`},
		{[]string{"-h"}, 0, `^Usage of playground:\n`},
	} {
		var stdout, stderr bytes.Buffer
		assert.Equal(t, c.code, run(t.Context(), c.args, &stdout, &stderr))
		assert.Regexp(t, c.want, stderr.String())
		assert.Empty(t, stdout.String())
	}
}

// Outside the repository there is nothing to build the library from.
func TestNothingToBuild(t *testing.T) {
	t.Chdir(t.TempDir())
	var stdout, stderr bytes.Buffer
	assert.Equal(t, 1, run(t.Context(), []string{"-addr=127.0.0.1:0"}, &stdout, &stderr))
	assert.Regexp(t, `^playground: go build: exit status 1: [^\n]+\n$`, stderr.String())
	assert.Empty(t, stdout.String())
}
