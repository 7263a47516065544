package main

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A new client that cannot connect is refused only if the server's machine refuses it.
func TestArriveTellsErrors(t *testing.T) {
	o, err := parse([]string{"-framing=length", "-patience=20s", "--", build(t, "../echo"), "-framing=length", "-addr={addr}"})
	require.NoError(t, err)
	m, err := newMessages(o.framing.Framer, 0, nil)
	require.NoError(t, err)
	tg := &target{o: o, messages: m}
	defer tg.kill()
	require.NoError(t, tg.ready(context.Background()))
	_, err = tg.servers()
	require.NoError(t, err)
	tg.addr = "127.0.0.1:99999" // is no address
	p := tg.newPlay(context.Background(), &testCase{}, 0)
	v := p.arrive(&step{Do: "arrive", Signal: "TERM"})
	require.NotNil(t, v)
	assert.Equal(t, fail, v.Level, v.Reason)
	assert.Contains(t, v.Reason, "neither answered nor refused: map[dial tcp: address 99999: invalid port")
}
