package main

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/framing"
)

// A refusingFramer carries no message.
type refusingFramer struct{ framing.Framer }

func (refusingFramer) Append([]byte, []byte) ([]byte, error) { return nil, errors.New("refused") }

// A framing that cannot carry the messages of load is told before any is sent.
func TestLoadNeedsMessages(t *testing.T) {
	p := &play{t: &target{o: &options{}, messages: &messages{framer: refusingFramer{}, most: largest}}}
	v := p.load(&step{Do: "load", Signal: "TERM"})
	require.NotNil(t, v)
	assert.Equal(t, leftOut, v.Level, v.Reason)
}
