package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/server"
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

// What a case may say is described.
func TestFormatIsDescribed(t *testing.T) {
	text, err := os.ReadFile("../../testdata/check/README.md")
	require.NoError(t, err)
	var words []string
	for name := range operations {
		words = append(words, name)
	}
	for name := range needs {
		if name != "client" {
			words = append(words, name)
		}
	}
	words = append(append(append(words, names...), piecesOfSend[1:]...), "malformed", "means", "info")
	for _, field := range []any{step{}, item{}} {
		kind := reflect.TypeOf(field)
		for i := range kind.NumField() {
			words = append(words, kind.Field(i).Tag.Get("json"))
		}
	}
	for _, w := range words {
		assert.Regexp(t, "`"+w+"[`:]", string(text), w)
	}
}

// The case of docs/framecheck.md can be played, and the cases that it names exist.
func TestDocument(t *testing.T) {
	text, err := os.ReadFile("../../docs/framecheck.md")
	require.NoError(t, err)
	example := regexp.MustCompile("(?s)```json\n(.*?)```").FindSubmatch(text)
	require.NotNil(t, example)
	file := filepath.Join(t.TempDir(), "mine.json")
	require.NoError(t, os.WriteFile(file, example[1], 0o600))
	stdout, _ := framecheck(t, exitPassed, "-framing=length", "-mode=script", "-cases="+file, serve(t, server.Echo))
	assert.Contains(t, stdout, "1.1   pass ")
	named := regexp.MustCompile(`(?m)^\| (\d+\.\d+)(?:, (\d+\.\d+))? \|`).FindAllSubmatch(text, -1)
	require.NotEmpty(t, named)
	for _, m := range named {
		for _, number := range m[1:] {
			if len(number) > 0 {
				framecheck(t, exitPassed, "-list", "-only="+string(number))
			}
		}
	}
}
