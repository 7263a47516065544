package main

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
)

// A num is a number in a case: a constant, or a name that the run gives a value, and
// what is added to it.
type num struct {
	name string
	add  int
}

// names are those that a num may have. n is the value of the sweep; limit is the
// payload limit of the server; the others are durations in milliseconds. drip is the
// pause between 200 bytes of a message that then takes longer than its end is waited for;
// slow-read is the pause between 1200 answers that then take twice the write timeout.
var names = []string{
	"n", "limit", "max-conns", "frame-timeout", "half-frame-timeout", "idle-timeout", "most-of-idle-timeout",
	"more-than-idle-timeout", "write-timeout", "drip", "slow-read",
}

var numText = regexp.MustCompile(`^([a-z-]*[a-z])?([+-]?\d+)?$`)

// UnmarshalJSON implements [json.Unmarshaler].
func (v *num) UnmarshalJSON(b []byte) error {
	if json.Unmarshal(b, &v.add) == nil {
		return nil
	}
	var text string
	if err := json.Unmarshal(b, &text); err != nil {
		return err
	}
	m := numText.FindStringSubmatch(text)
	if m == nil || text == "" {
		return fmt.Errorf("invalid number %q: want 5, n, or limit+1", text)
	}
	v.name = m[1]
	if m[2] != "" {
		add, err := strconv.Atoi(m[2])
		if err != nil {
			return fmt.Errorf("invalid number %q: %w", text, err)
		}
		v.add = add
	}
	return nil
}

// in returns the value of v, given those of the names.
func (v num) in(values map[string]int) int {
	if v.name == "" {
		return v.add
	}
	return values[v.name] + v.add
}
