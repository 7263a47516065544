package main

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Of a long transcript the beginning and the end are kept: the end tells what failed.
func TestTranscriptKeepsEnds(t *testing.T) {
	log := new(transcript)
	for i := range 100 {
		log.add("line %d", i)
	}
	all := log.all()
	require.Len(t, all, firstLines+1+lastLines)
	assert.Equal(t, "line 19", all[19])
	assert.Equal(t, "… 40 more lines …", all[20])
	assert.Equal(t, "line 60", all[21])
	assert.Equal(t, "line 99", all[60])
	few := new(transcript)
	for i := range firstLines + lastLines {
		few.add("line %d", i)
	}
	assert.Len(t, few.all(), firstLines+lastLines)
	assert.Equal(t, fmt.Sprint("line ", firstLines), few.all()[firstLines])
}

// The command for framecat names the address that is given, not that of a server which
// framecheck has killed.
func TestFramecatAddress(t *testing.T) {
	for want, args := range map[string][]string{
		"127.0.0.1:99": {"-framing=length", "127.0.0.1:99"},
		"{addr}":       {"-framing=length", "--", "server", "{addr}"},
	} {
		o, err := parse(args)
		require.NoError(t, err)
		log := new(transcript)
		log.sends(new(peer), [][]byte{[]byte("one")}, []byte("\x00\x00\x00\x03one"), false, "")
		assert.Equal(t, `printf '6f6e65\n' | framecat -x -hex -stick -framing='length' `+want, log.framecat(o))
	}
}
