package main

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/framing/lengthprefix"
)

// targetAt returns a target that is a server of a test, of the framing length.
func targetAt(t *testing.T, addr string) *target {
	t.Helper()
	framer, err := lengthprefix.New(lengthprefix.Config{Width: 4})
	require.NoError(t, err)
	m, err := newMessages(framer, 0, nil)
	require.NoError(t, err)
	return &target{o: &options{mode: "echo", reply: "same", patience: 20 * time.Second}, messages: m, addr: addr}
}

// A delay of this machine after which the server may rightly have given up its clients
// makes a case inapplicable.
func TestLate(t *testing.T) {
	limits := options{frameTimeout: 2 * time.Second}
	signal := []step{{Do: "signal", Signal: "TERM"}}
	for _, c := range []struct {
		about testCase
		by    time.Duration
		want  bool
	}{
		{testCase{}, time.Minute, false},
		{testCase{Needs: []string{"frame-timeout"}}, 400 * time.Millisecond, false},
		{testCase{Needs: []string{"frame-timeout"}}, 600 * time.Millisecond, true},
		{testCase{Needs: []string{"idle-timeout"}}, 0, false},
		{testCase{Steps: signal}, 200 * time.Millisecond, false},
		{testCase{Steps: signal}, 300 * time.Millisecond, true},
	} {
		p := &play{t: &target{o: &limits}, c: &c.about}
		p.late(c.by)
		assert.Equal(t, c.want, p.busy.Load(), "%v late in %+v", c.by, c.about)
	}
}

// Whatever a step does, it makes few connections at a time.
func TestDialsAreFew(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var conns []net.Conn
	over := make(chan struct{})
	go func() { // each client waits for the end of its TLS handshake
		defer close(over)
		for {
			c, err := l.Accept()
			if err != nil {
				break
			}
			conns = append(conns, c)
			_ = l.(*net.TCPListener).SetDeadline(time.Now().Add(500 * time.Millisecond)) // it is open
		}
		_ = l.Close() // once
		for _, c := range conns {
			_ = c.Close() // once
		}
	}()
	tg := targetAt(t, l.Addr().String())
	tg.o.tls = true
	p := tg.newPlay(context.Background(), &testCase{}, 0)
	v := p.step(&step{Do: "send", Conns: num{add: 200}, Items: []item{{Letters: 1}}})
	require.NotNil(t, v)
	<-over
	assert.NotEmpty(t, conns)
	assert.LessOrEqual(t, len(conns), mostDials)
}
