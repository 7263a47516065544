package main

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const sessionsFile = "docs/sessions.md"

// varies are the parts of a log line that differ from run to run.
var varies = regexp.MustCompile(`time=\S+ |(?:addr|remote|took)=\S+`)

// The warning about a message that is too large is the one that is shown.
func TestSessions_Warning(t *testing.T) {
	t.Parallel()
	m := only(t, sessionsFile, `go run ./cmd/echo (-max-payload=.*)\n\$ printf '(.*)' \| nc.*\n([^`+"`"+`]*)`+"```\n\n```\n(.*\n)```")
	p := serve(t, arguments(m[1])...)
	checkSession(t, p.dial(), m[2], false, m[3])
	warning := p.await(`.*level=WARN.*\n`)[0]
	assert.Equal(t, varies.ReplaceAllString(m[4], ""), varies.ReplaceAllString(warning, ""))
}

// The certificate is made, and served with.
func TestSessions_TLS(t *testing.T) {
	t.Parallel()
	m := only(t, sessionsFile, `\$ go run \$\(go env GOROOT\)(/src/\S+) (.*)\n\$ go run ./cmd/echo (.*)\n`)
	dir := t.TempDir()
	goroot := strings.TrimSpace(goCommand(t, dir, "env", "GOROOT"))
	goCommand(t, dir, append([]string{"run", goroot + m[1]}, arguments(m[2])...)...)
	args := arguments(m[3])
	for i := range args {
		flag, file, _ := strings.Cut(args[i], "=")
		args[i] = flag + "=" + filepath.Join(dir, file)
	}
	roots := x509.NewCertPool()
	cert, err := os.ReadFile(filepath.Join(dir, "cert.pem"))
	require.NoError(t, err)
	require.True(t, roots.AppendCertsFromPEM(cert))
	p := serve(t, args...)
	c := tls.Client(p.dial(), &tls.Config{RootCAs: roots, ServerName: "127.0.0.1"})
	checkSession(t, c, "hello\\n", false, "hello\n")
}

// The table of flags is what -h prints: names, values and defaults.
func TestSessions_Flags(t *testing.T) {
	table := only(t, sessionsFile, "\\| flag \\| default .*\n.*\n((?:\\|.*\n)+)")[1]
	var shown, printed []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\| (?:`([^`]+)`)?").FindAllStringSubmatch(table, -1) {
		shown = append(shown, strings.TrimSpace(m[1]+" "+strings.TrimPrefix(m[2], "0")))
	}
	_, err := parse([]string{"-h"})
	for _, m := range regexp.MustCompile(`(?m)^  (-\S+(?: \S+)?)\s+(.*?)(?: \(default "?([^")]*)"?\))?$`).FindAllStringSubmatch(err.Error()+string(err.(helpText)), -1) {
		printed = append(printed, strings.TrimSpace(m[1]+" "+m[3]))
	}
	assert.Equal(t, printed, shown)
}
