package play

import (
	"fmt"
	"go/format"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/framing/checksum"
	"github.com/wholeframe/wholeframe/framing/spec"
)

// specs are the examples of all framings, and what else goCode tells apart.
func specs() []string {
	all := []string{
		"line,keep", "line,skip-empty", "crlf,keep,skip-empty", "delimiter,text=;,skip-empty", "length,skip-empty", "delimiter,text=;,keep,skip-empty", "crlf,keep", "varint,non-minimal", "slip,leading-end", "stx", "rtsp", "stomp", "nats", "memcached", "content-length,keep", "syslog,write=line", "enclosed,begin=ff,end=0a,noise=skip", "enclosed,begin=02,end=03,noise=refuse", "enclosed,begin=1e,end=0a", "enclosed,begin=0b,end=1c0d,noise=skip", "fixed,size=16,pad=00", "fixed,size=3,pad=ff",
		"length,width=1", "length,width=2", "length", "length,width=8", "length,width=3",
		"length,width=2,order=little,offset=1,adjust=-1,includes-header,strip=4,magic=cafe",
		"length,keep", "length,offset=2,strip=2", "length,adjust=7", "length,digits=hex,trailer=0d0a,skip-empty", "length,digits=bcd,offset=2,magic=cafe,trailer=00,resync,keep",
		"delimiter,text=;", "delimiter,text=;,keep", `delimiter,text=\,,text=\\,text="`, "delimiter,text=`,hex=00,hex=fffe,hex=e282ac,keep", "delimiter,text=keep",
	}
	for _, f := range spec.Framings() {
		all = append(all, f.Example)
	}
	for _, kind := range checksum.Kinds() {
		all = append(all, "cobs,check="+kind.String())
	}
	all = append(all, "hdlc", "line,skip-empty,check=crc32", "length,width=3,check=sum8", "delimiter,text=;,text=\\,check=,skip-empty,check=xor8", "enclosed,begin=3c,end=3e,noise=skip,check=xor8")
	return all
}

// The statements for each spec, compiled and run, make a framer that is that
// spec.
func TestGoCode(t *testing.T) {
	var imports []string
	var source, want strings.Builder
	for _, text := range specs() {
		framer, err := spec.Parse(text)
		require.NoError(t, err)
		packages, code := goCode(framer)
		for _, path := range packages {
			imports = append(imports, fmt.Sprintf("import %q\n", path))
		}
		fmt.Fprintf(&source, "try(%q, func() error {\n%s\nfmt.Println(framer)\nreturn nil\n})\n", text, code)
		fmt.Fprintln(&want, framer)
	}
	slices.Sort(imports)
	file := filepath.Join(t.TempDir(), "main.go")
	require.NoError(t, os.WriteFile(file, []byte("package main\n\nimport \"fmt\"\n"+strings.Join(slices.Compact(imports), "")+
		"func main() {\n"+source.String()+"}\n\nfunc try(spec string, make func() error) {\nif err := make(); err != nil { fmt.Println(spec, err) }\n}\n"), 0o600))
	out, err := exec.Command("go", "run", file).CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Equal(t, want.String(), string(out))
}

// The program for each spec and each protocol compiles as it is, formatted.
func TestProgram(t *testing.T) {
	root, err := filepath.Abs("../../..")
	require.NoError(t, err)
	dir := t.TempDir()
	write := func(name, text string) {
		file := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o700))
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	}
	for _, name := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile(filepath.Join(root, name))
		require.NoError(t, err)
		write(name, strings.Replace(string(text), "module github.com/wholeframe/wholeframe\n", "module programs\n", 1))
	}
	all := specs()
	for _, item := range Menu() {
		all = append(all, item.Spec)
	}
	seen := make(map[string]bool) // many protocols have the same framing
	for i, text := range all {
		r := Play(Request{Spec: text, Max: []string{"", "0"}[min(i, 1)], Mode: Text})
		require.Empty(t, r.SpecErrors, text)
		if seen[r.Program] {
			continue
		}
		seen[r.Program] = true
		formatted, err := format.Source([]byte(r.Program))
		require.NoError(t, err, text)
		require.Equal(t, string(formatted), r.Program)
		write(fmt.Sprintf("p%d/main.go", len(seen)), r.Program)
	}
	run := func(args ...string) {
		c := exec.Command("go", args...)
		c.Dir = dir
		c.Env = append(os.Environ(), "GOPROXY=off", "GOWORK=off", "GOFLAGS=-mod=mod")
		out, err := c.CombinedOutput()
		require.NoError(t, err, "go %v\n%s", args, out)
	}
	run("mod", "edit", "-require=github.com/wholeframe/wholeframe@v0.0.0", "-replace=github.com/wholeframe/wholeframe="+root)
	run("vet", "./...")
}

func TestMaxPayload(t *testing.T) {
	for max, want := range map[string]string{"": "1 << 20,", "3MiB": "3 << 20,", "64KiB": "64 << 10,", "1000": "1000,", "0": "1, // the least; 0 means 1 MiB", "-1": "-1,"} {
		if r := Play(Request{Spec: "line", Max: max, Mode: Text}); !strings.Contains(r.Program, "MaxPayload: "+want+"\n") {
			t.Errorf("limit %q: the program is\n%s\nwant MaxPayload: %s", max, r.Program, want)
		}
	}
}
