package play

import (
	"fmt"
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
		"line,keep", "line,skip-empty", "crlf,keep,skip-empty", "delimiter,text=;,skip-empty", "length,skip-empty", "delimiter,text=;,keep,skip-empty", "crlf,keep", "varint,non-minimal", "slip,leading-end", "stx", "rtsp", "stomp", "nats", "memcached", "content-length,keep", "syslog,write=line", "enclosed,begin=ff,end=0a,noise=skip", "enclosed,begin=1e,end=0a", "enclosed,begin=0b,end=1c0d,noise=skip", "fixed,size=16,pad=00", "fixed,size=3,pad=ff",
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
	all = append(all, "hdlc", "line,keep,check=crc32", "length,width=3,check=sum8", "delimiter,text=;,text=\\,check=,keep,check=xor8", "enclosed,begin=3c,end=3e,noise=skip,check=xor8")
	return all
}

// The statements for each spec, compiled and run, make a framer that is that
// spec.
func TestGoCode(t *testing.T) {
	var imports []string
	var program strings.Builder
	program.WriteString("func main() {\n")
	for _, text := range specs() {
		r := Play(Request{Spec: text, Mode: Text})
		require.Empty(t, r.SpecError, text)
		for _, path := range r.Packages {
			imports = append(imports, fmt.Sprintf("import %q\n", path))
		}
		failure := ""
		if strings.Contains(r.Code, "err :=") {
			failure = "if err != nil { return err }\n"
		}
		fmt.Fprintf(&program, "try(%q, func() error {\n%s\n%sfmt.Println(framer)\nreturn nil\n})\n", text, r.Code, failure)
	}
	program.WriteString("}\n\nfunc try(spec string, make func() error) {\nif err := make(); err != nil { fmt.Println(spec, err) }\n}\n")
	slices.Sort(imports)
	source := "package main\n\nimport \"fmt\"\n" + strings.Join(slices.Compact(imports), "") + program.String()

	file := filepath.Join(t.TempDir(), "main.go")
	require.NoError(t, os.WriteFile(file, []byte(source), 0o600))
	out, err := exec.Command("go", "run", file).CombinedOutput()
	require.NoError(t, err, "%s\n%s", out, source)
	var want strings.Builder
	for _, text := range specs() {
		framer, err := spec.Parse(text)
		require.NoError(t, err)
		fmt.Fprintln(&want, framer)
	}
	require.Equal(t, want.String(), string(out))
}
