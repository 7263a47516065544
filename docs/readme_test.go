package docs

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// The server and the client of README.md, in both languages, serve and call each other, until a
// context ends.
func TestReadme_ServerAndClient(t *testing.T) {
	const main = `package main

import (
	"bytes"
	"context"
	"fmt"

	"github.com/wholeframe/wholeframe/client"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
	"github.com/wholeframe/wholeframe/server"
)

func main() {
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error)
	go func() { served <- serve(ctx) }()
	reply, err := call(ctx)
	fmt.Printf("%s %v\n", reply, err)
	stop()
	fmt.Println(<-served)
}

`
	for _, name := range []string{"README.md", "README.zh-CN.md"} {
		functions := find(t, read(t, name), "(?ms)^```go\n(func serve.*?)^```.*^```go\n(func call.*?)^```")[0]
		socket := filepath.ToSlash(filepath.Join(t.TempDir(), "s"))
		program := strings.NewReplacer(
			`"tcp", "127.0.0.1:8000"`, `"unix", "`+socket+`"`,
			`Addrs: []string{"127.0.0.1:8000"}`, `Network: "unix", Addrs: []string{"`+socket+`"}`,
		).Replace(main + functions[1] + "\n" + functions[2])
		assert.Equal(t, "HELLO <nil>\nserver: closed\n", goRun(t, program), name)
	}
}
