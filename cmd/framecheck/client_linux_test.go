package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// A client that sends one message gets no bad answer, which is the second: it is not
// blamed for its success.
func TestClientOfOneMessage(t *testing.T) {
	one := setup{"one", []string{"-framing=line", "-mode=client"}, "11", nil}
	r := judge(t, one, "11.1,11.6,11.7,11.8", nil,
		"bash", "-c", "exec 3<>/dev/tcp/{host}/{port}; echo message >&3; head -n1 <&3")
	verdicts := map[string]level{}
	for _, c := range r.Cases {
		verdicts[c.Number] = c.Verdict
	}
	assert.Equal(t, map[string]level{"11.1": pass, "11.6": leftOut, "11.7": leftOut, "11.8": leftOut}, verdicts)
}
