package command

import (
	"context"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A source is a stream that is nowhere as a whole: a head, and then the same
// bytes again and again. Sixteen times on the way it looks at what is in memory.
type source struct {
	head, body string
	size       int64 // bytes of the stream

	at   int64
	next int64  // stream offset of the next look
	live uint64 // the most that was in use
}

func (s *source) Read(p []byte) (n int, err error) {
	if s.at == s.size {
		return 0, io.EOF
	}
	if s.at >= s.next {
		s.next += s.size / 16
		s.live = max(s.live, inUse())
	}
	for rest := p[:min(int64(len(p)), s.size-s.at)]; n < len(rest); {
		from := s.head
		if s.at >= int64(len(from)) {
			from = s.body[(s.at-int64(len(from)))%int64(len(s.body)):]
		} else {
			from = from[s.at:]
		}
		some := copy(rest[n:], from)
		n, s.at = n+some, s.at+int64(some)
	}
	return n, nil
}

// inUse returns the bytes of the heap that are reachable.
func inUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// A capture that is interrupted is counted as far as it went.
func TestDecode_CountInterrupted(t *testing.T) {
	t.Parallel()
	ctx, interrupt := context.WithCancel(context.Background())
	defer interrupt()
	src, capture := io.Pipe()
	defer capture.Close()
	go func() {
		io.WriteString(capture, "hello\nworld\nhal")
		io.WriteString(capture, "f") // returns when all of that is counted
		interrupt()
	}()
	o, err := parse([]string{"-decode", "-count"})
	require.NoError(t, err)
	var printed strings.Builder
	out := newScreen(&printed, false)
	p := &problems{w: io.Discard, out: out}
	assert.ErrorIs(t, decode(ctx, &job{options: o, stdin: src, out: out, problems: p}), errInterrupted)
	require.NoError(t, out.Flush())
	assert.Equal(t, "2 messages, 10 bytes of payload\n", printed.String())
}

// However long a capture is, and whatever it announces, what -decode holds is
// bounded. The test reads in this process, so it must not run beside others.
func TestDecode_Memory(t *testing.T) {
	const longest, long, short = 256 << 20, 32 << 20, 2 << 20 // to show a byte with -x takes longer than to read it
	endless := strings.Repeat("m", 1023)
	message := endless + "\n"
	for _, test := range []struct {
		args       string
		head, body string
		size       int64
		bound      uint64
		problem    string
	}{
		{"-framing=line", "", message, longest, 1 << 19, ""},
		{"-framing=line -count", "", message, long, 1 << 19, ""},
		{"-framing=line -x", "", message, short, 1 << 19, ""},
		{"-framing=line -x", "", "\n", short / 4, 1 << 19, ""},
		// A message of 2 GiB is announced at once: refused, and skipped as it comes.
		{"-framing=length", "\x7f\xff\xff\x00", endless, long, 1 << 19, "payload of 2147483392 bytes exceeds the limit"},
		{"-framing=length -x", "\x7f\xff\xff\x00", endless, short, 1 << 19, "payload of 2147483392 bytes exceeds the limit"},
		// Without a limit it is waited for, and takes no more than has arrived.
		{"-framing=length -max-payload=-1", "\x7f\xff\xff\x00", endless, short, 2 * short, "unexpected EOF after 2097152 of 2147483396 bytes"},
		{"-framing=length -max-payload=-1 -x", "\x7f\xff\xff\x00", endless, short, 3 * short, "unexpected EOF after 2097152 of 2147483396 bytes"},
		// A message that never ends is refused at the limit.
		{"-framing=line", "", endless, long, 4 << 20, "exceeds the limit of 1048576 bytes"},
		{"-framing=line -x", "", endless, short, 16 << 20, "exceeds the limit of 1048576 bytes"},
		// What cannot be followed is not read to its end.
		{"-framing=length,width=8", strings.Repeat("\xff", 8), "m", long, 1 << 19, "exceeds the limit"},
		{"-framing=length,width=8 -x", strings.Repeat("\xff", 8), "m", long, 1 << 19, "exceeds the limit"},
	} {
		o, err := parse(append([]string{"-decode", "-color=never"}, strings.Fields(test.args)...))
		require.NoError(t, err)
		src := &source{head: test.head, body: test.body, size: test.size}
		var problem strings.Builder
		out := newScreen(io.Discard, false)
		p := &problems{w: &problem, out: out}
		before := inUse()
		err = decode(context.Background(), &job{options: o, stdin: src, out: out, problems: p})
		if err != nil {
			p.report(err)
		}
		assert.Less(t, src.live, before+test.bound, "%s: %q…", test.args, test.head)
		assert.Contains(t, problem.String(), test.problem, test.args)
		assert.Equal(t, test.problem == "", problem.Len() == 0, "%s: %s", test.args, &problem)
	}
}
