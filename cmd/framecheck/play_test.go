package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

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
