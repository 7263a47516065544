package main

import (
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// script plays the cases of a group on a command, and returns the report and the exit
// code.
func script(t *testing.T, cases string, flags []string, command ...string) (*report, int) {
	t.Helper()
	dir := t.TempDir()
	file, made := filepath.Join(dir, "cases.json"), filepath.Join(dir, "report.json")
	require.NoError(t, os.WriteFile(file, []byte(`{"group": 1, "name": "mine", "cases": [`+cases+`]}`), 0o600))
	args := append([]string{"-mode=script", "-cases=" + file, "-json=" + made}, flags...)
	var stdout, stderr strings.Builder
	code := run(append(append(args, "--"), command...), &stdout, &stderr)
	t.Log(&stdout, &stderr)
	f, err := os.Open(made)
	require.NoError(t, err)
	defer f.Close()
	r, err := readReport(f)
	require.NoError(t, err)
	return r, code
}

// A failure is reported with what the server has printed last.
func TestServerOutputIsReported(t *testing.T) {
	echo := build(t, "../echo")
	r, code := script(t, `{"number": "1.1", "rule": "It says nothing.", "means": "It does.",
		"steps": [{"do": "send", "items": [{"text": "one"}]}, {"do": "quiet"}]}`,
		nil, "sh", "-c", `echo "about to listen"; exec `+echo+` -addr={addr}`)
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, r.Cases[0].Seen[len(r.Cases[0].Seen)-1], "the server says: about to listen")
}

// A case that ends while the server is frozen leaves it running: the next message is
// answered.
func TestFrozenServerContinues(t *testing.T) {
	echo := build(t, "../echo")
	r, code := script(t, `{"number": "1.1", "rule": "Lines have headers.", "means": "They have none.",
			"steps": [{"do": "freeze"}, {"do": "send", "items": [{"announce": 5}]}]},
		{"number": "1.2", "rule": "A message is answered.", "means": "It is not.",
			"steps": [{"do": "send", "items": [{"text": "one"}]}, {"do": "answers"}]}`,
		[]string{"-framing=line", "-patience=2s"}, echo, "-framing=line", "-addr={addr}")
	assert.Equal(t, exitPassed, code)
	assert.Equal(t, leftOut, r.Cases[0].Verdict, r.Cases[0].Reason)
	assert.Equal(t, pass, r.Cases[1].Verdict, r.Cases[1].Reason)
}

// A command that ends at once, as one does whose free address another program has taken,
// is started again at another address.
func TestStartAgain(t *testing.T) {
	echo, tried := build(t, "../echo"), filepath.Join(t.TempDir(), "tried")
	r, code := script(t, `{"number": "1.1", "rule": "A message is answered.", "means": "It is not.",
			"steps": [{"do": "send", "items": [{"text": "one"}]}, {"do": "answers"}]}`,
		[]string{"-framing=line"}, "sh", "-c", "echo {addr} >>"+tried+"; test $(wc -l <"+tried+") -eq 3 || exit 1; exec "+echo+" -framing=line -addr={addr}")
	assert.Equal(t, exitPassed, code)
	assert.Equal(t, pass, r.Cases[0].Verdict, r.Cases[0].Reason)
	text, err := os.ReadFile(tried)
	require.NoError(t, err)
	assert.Len(t, strings.Fields(string(text)), 3)
}

// While a step makes what it sends, the server may give up an idle connection: it must
// not take long.
func TestBuildIsLate(t *testing.T) {
	tg := forged(t, func(c *net.TCPConn) { _, _ = io.Copy(io.Discard, c) }) // until it is closed
	tg.o.idleTimeout = 1                                                    // anything is late
	p := tg.newPlay(context.Background(), &testCase{Needs: []string{"idle-timeout"}}, 0)
	defer p.closeAll()
	require.Nil(t, p.step(&step{Do: "send", Items: []item{{Letters: 1}}}))
	assert.True(t, p.busy.Load())
}
