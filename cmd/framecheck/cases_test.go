package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The number of a case keeps its meaning: a case may be added at the end of its group,
// and none may be removed or replaced.
func TestNumbersAreStable(t *testing.T) {
	text, err := os.ReadFile("testdata/numbers.txt")
	require.NoError(t, err)
	groups, err := new(options).groups()
	require.NoError(t, err)
	var have strings.Builder
	for _, g := range groups {
		for _, c := range g.Cases {
			have.WriteString(c.Number + " " + c.Rule + "\n")
		}
	}
	assert.Equal(t, string(text), have.String())
}

func TestLoadRefuses(t *testing.T) {
	one := func(number, more string) string {
		return `{"group": 1, "name": "g", "cases": [{"number": "` + number + `", "rule": "r", "means": "m", ` + more + `}]}`
	}
	for text, want := range map[string]string{
		`{`:                                      "unexpected EOF",
		`{"group": 1, "cases": []}`:              "a group has a name and cases",
		`{"grup": 1}`:                            `unknown field "grup"`,
		one("2.1", `"steps": [{"do": "probe"}]`): "its number must be 1.N",
		one("1.x", `"steps": [{"do": "probe"}]`): "its number must be 1.N",
		one("1.1", `"steps": []`):                "a case has a rule, steps",
		one("1.1", `"steps": [{"do": "dance"}]`): `unknown operation "dance"`,
		one("1.1", `"needs": ["luck"], "steps": [{"do": "probe"}]`):                            `unknown need "luck"`,
		one("1.1", `"for": "ever", "steps": [{"do": "probe"}]`):                                `invalid sweep "ever"`,
		one("1.1", `"steps": [{"do": "pause", "pause": "age"}]`):                               `unknown name "age" of a number`,
		one("1.1", `"steps": [{"do": "pause", "pause": "5 s"}]`):                               `invalid number "5 s"`,
		one("1.1", `"steps": [{"do": "probe", "level": "bad"}]`):                               `not "bad"`,
		one("1.1", `"steps": [{"do": "send", "items": [{"wire": "0"}]}]`):                      "odd length",
		one("1.1", `"steps": [{"do": "send", "items": [{"size": "m"}]}]`):                      `unknown name "m"`,
		one("1.1", `"for": "cut", "steps": [{"do": "probe"}]`):                                 "and nothing is sent",
		one("1.1", `"steps": [{"do": "send", "pieces": "halved", "items": [{"letters": 1}]}]`): `unknown pieces "halved"`,
		one("1.1", `"steps": [{"do": "signal", "signal": "HUP"}]`):                             `unknown signal "HUP"`,
		one("1.1", `"steps": [{"do": "client", "pieces": "whole", "result": "good"}]`):         `unknown result "good"`,
	} {
		_, err := load(fstest.MapFS{"a.json": {Data: []byte(text)}})
		assert.ErrorContains(t, err, want, text)
	}
	twice := []byte(one("1.1", `"steps": [{"do": "probe"}]`))
	_, err := load(fstest.MapFS{"a.json": {Data: twice}, "b.json": {Data: twice}})
	assert.ErrorContains(t, err, "two files are group 1")
}

func TestNum(t *testing.T) {
	values := map[string]int{"n": 7, "limit": 100}
	for text, want := range map[string]int{`5`: 5, `-1`: -1, `"n"`: 7, `"n+2"`: 9, `"limit-100"`: 0, `"12"`: 12} {
		var v num
		require.NoError(t, json.Unmarshal([]byte(text), &v), text)
		assert.Equal(t, want, v.in(values), text)
	}
	for _, text := range []string{`""`, `"N"`, `"n*2"`, `1.5`, `true`, `"n+99999999999999999999"`} {
		assert.Error(t, json.Unmarshal([]byte(text), new(num)), text)
	}
}
