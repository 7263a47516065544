package command

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// A recorded message is one line that a terminal shows as it is, whatever it holds,
// and comes back as it was.
func TestRecord_RoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		payload := rapid.OneOf(rapid.SliceOf(rapid.Byte()), rapid.Map(rapid.String(), func(s string) []byte { return []byte(s) })).Draw(t, "payload")
		r := newRecord(time.Unix(1e9, rapid.Int64Range(0, 1e9).Draw(t, "ns")), rapid.IntRange(0, 3).Draw(t, "conn"),
			rapid.SampledFrom([]side{byClient, byServer}).Draw(t, "from"), 7, payload)
		line := string(appendJSON(nil, r))
		if strings.Count(line, "\n") != 1 || !strings.HasSuffix(line, "\n") {
			t.Fatalf("not one line: %q", line)
		}
		for _, c := range strings.TrimSuffix(line, "\n") {
			if c == utf8.RuneError && !strings.ContainsRune(string(payload), c) || !strconv.IsPrint(c) {
				t.Fatalf("%q contains %q", line, c)
			}
		}
		got, bytes, err := parseRecord([]byte(line))
		if err != nil || string(bytes) != string(payload) || !got.Time.Equal(r.Time) || got.Conn != r.Conn || got.From != r.From {
			t.Fatalf("parseRecord(%s) = %+v, %q, %v; want %+v, %q", line, got, bytes, err, r, payload)
		}
	})
}

// What is not a record is refused with its line.
func TestReplay_BadFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "record")
	for _, test := range []struct{ text, says string }{
		{"", file + ": no message is recorded"},
		{"{\"from\":\"client\",\"text\":\"\"}\nhello\n", "line 2: not a recorded message"},
		{`{"from":"proxy","text":""}`, `line 1: "from" is "proxy": want "client" or "server"`},
		{`{"from":"client"}`, `want either "text" or "hex"`},
		{`{"from":"client","text":"a","hex":"61"}`, `want either "text" or "hex"`},
		{`{"from":"client","hex":"6"}`, `"hex" is not pairs`},
		{`{"from":"client","text":"` + strings.Repeat("m", 7<<20) + `"}`, "exceeds the limit"},
	} {
		require.NoError(t, os.WriteFile(file, []byte(test.text), 0o600))
		code, stdout, stderr := finish(t, "", "-replay", file, "127.0.0.1:1")
		assert.Equal(t, 1, code)
		assert.Empty(t, stdout)
		assert.Contains(t, stderr, test.says)
		assert.Equal(t, 1, strings.Count(stderr, "\n"), stderr)
	}
	code, _, stderr := finish(t, "", "-replay", file+".none", "127.0.0.1:1")
	assert.Equal(t, 1, code)
	assert.Contains(t, stderr, "record.none")
}

// Replies that differ, that are missing, and that were not recorded are told apart.
func TestReplay_Compares(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "record")
	const client, server = `{"from":"client","text":"%"}` + "\n", `{"from":"server","text":"%"}` + "\n"
	record := func(lines ...string) string {
		var s strings.Builder
		for i := 0; i < len(lines); i += 2 {
			s.WriteString(strings.ReplaceAll(lines[i], "%", lines[i+1]))
		}
		return s.String()
	}
	for _, test := range []struct {
		record string
		code   int
		stdout string
		stderr string
	}{
		{record(client, "a", server, "a", client, "b", server, "b"), 0,
			"2 messages on 1 connection: 2 replies as recorded, 0 different, 0 missing\n", ""},
		{record(client, "a", server, "x", client, "b", server, "b"), 1,
			"2 messages on 1 connection: 1 reply as recorded, 1 different, 0 missing\n",
			"framecat: reply 1 is \"a\"; recorded in line 2 was \"x\"\n"},
		{record(client, "a", server, "a", server, "b"), 1,
			"1 message on 1 connection: 1 reply as recorded, 0 different, 1 missing\n",
			"framecat: the server has sent nothing for 1s: 1 reply missing\n"},
		{record(client, "a", client, "b", server, "a"), 1,
			"2 messages on 1 connection: 1 reply as recorded, 1 different, 0 missing\n",
			"framecat: reply 2 is \"b\"; none was recorded\n"},
	} {
		require.NoError(t, os.WriteFile(file, []byte(test.record), 0o600))
		code, stdout, stderr := finish(t, "", "-replay", file, "-speed=max", "-timeout=1s", echo(t, "line"))
		assert.Equal(t, test.code, code, test.record)
		assert.Equal(t, test.stdout, stdout)
		assert.Equal(t, test.stderr, stderr)
	}
	code, stdout, _ := finish(t, "", "-replay", file, "-speed=max", "-timeout=1s", "-json", answer(t, ""))
	assert.Equal(t, 1, code)
	assert.Equal(t, `{"connections":1,"sent":2,"same":0,"different":0,"missing":1}`+"\n", stdout)
}

// A message is not sent before it is due, nor before the replies before it.
func TestReplay_Speed(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "record")
	const record = `{"time":"2026-01-02T03:04:05Z","from":"client","text":"a"}
{"time":"2026-01-02T03:04:05Z","from":"server","text":"a"}
{"time":"2026-01-02T03:04:09Z","from":"client","text":"b"}
{"time":"2026-01-02T03:04:09Z","from":"server","text":"b"}
`
	require.NoError(t, os.WriteFile(file, []byte(record), 0o600))
	begin := time.Now()
	code, _, stderr := finish(t, "", "-replay", file, "-speed=2", "-timeout=1500ms", echo(t, "line"))
	assert.Equal(t, 0, code, stderr)
	assert.GreaterOrEqual(t, time.Since(begin), 2*time.Second)
}

// Whatever the speed, a message waits for the replies that came before it.
func TestReplay_WaitsForReplies(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "record")
	const record = `{"from":"client","text":"a"}
{"from":"server","text":"a"}
{"from":"client","text":"b"}
`
	require.NoError(t, os.WriteFile(file, []byte(record), 0o600))
	early := make(chan bool, 1)
	addr := once(t, func(c *net.TCPConn) {
		io.ReadFull(c, make([]byte, 2))
		c.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		_, err := c.Read(make([]byte, 1))
		early <- !os.IsTimeout(err)
		io.WriteString(c, "a\n")
		c.SetReadDeadline(time.Time{})
		io.Copy(io.Discard, c)
	})
	code, _, stderr := finish(t, "", "-replay", file, "-speed=max", addr)
	assert.Equal(t, 0, code, stderr)
	assert.False(t, <-early)
}
