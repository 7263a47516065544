package docs

import (
	"strings"
	"testing"
)

// The programs in the documentation of packages compile as they are, each in a
// function that has what it names and uses what it makes.
func TestPackageDocumentation(t *testing.T) {
	var program strings.Builder
	program.WriteString(`package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/wholeframe/wholeframe/client"
	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/framing/dissect"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
	"github.com/wholeframe/wholeframe/framing/slip"
	"github.com/wholeframe/wholeframe/framing/spec"
	"github.com/wholeframe/wholeframe/server"
)

func main() {}
`)
	for _, c := range []struct{ file, begins, before, after string }{
		{"framing/doc.go", "conn := ", "func _(c net.Conn) error {", "}"},
		{"server/doc.go", "s := ", "func _() {", "}"},
		{"client/doc.go", "c := ", "func _() {", "_, _ = reply, err }"},
		{"framing/spec/doc.go", "f := ", "func _(c net.Conn) {", "_ = conn }"},
		{"framing/dissect/doc.go", "for ", "func _(wire []byte) {", "}"},
	} {
		code := find(t, read(t, c.file), `(?m)(^//\t`+c.begins+`.*\n(?:^//(?:\t.*)?\n)*)`)[0][1]
		program.WriteString("\n" + c.before + "\n" + strings.ReplaceAll(code, "//\t", "\t") + c.after + "\n")
	}
	goBuild(t, program.String())
}
