package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What the page asks for is served, and it asks for nothing else.
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
		assert.True(t, strings.HasPrefix(r.Header.Get("Content-Security-Policy"), "default-src 'none'; "), path)
		return string(b), r.Header.Get("Content-Type")
	}
	index, kind := get("")
	assert.Equal(t, "text/html; charset=utf-8", kind)
	links := regexp.MustCompile(`(?:href|src)="([^"]*)"`).FindAllStringSubmatch(index, -1)
	assert.Len(t, links, 4)
	for _, link := range links {
		if !strings.HasPrefix(link[1], "data:") {
			get(link[1])
		}
	}
	script, _ := get("app.js")
	assert.Contains(t, script, `fetch("wholeframe.wasm")`)
	library, kind := get("wholeframe.wasm")
	assert.Equal(t, "application/wasm", kind)
	assert.True(t, strings.HasPrefix(library, "\x00asm"))
	loader, _ := get("wasm_exec.js")
	assert.Contains(t, loader, "globalThis.Go = class")

	stop()
	assert.Equal(t, 0, <-code)
	assert.Empty(t, stderr.String())
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
		{[]string{"8080"}, 2, `^playground: "8080" is no flag; see playground -h\n$`},
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
