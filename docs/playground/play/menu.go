package play

import (
	"strings"

	"github.com/wholeframe/wholeframe/framing/fixed"
	"github.com/wholeframe/wholeframe/framing/spec"
)

// An Item is a framing to choose.
type Item struct {
	Name   string `json:"name"`
	About  string `json:"about"`
	Spec   string `json:"spec"`   // an example
	Sample string `json:"sample"` // messages that the example takes
	Keys   []Key  `json:"keys"`
}

// A Key is an option of a framing.
type Key struct {
	Key   string `json:"key"`
	About string `json:"about"`
}

// samples are messages for the framings that do not take any text.
var samples = map[string]string{
	"text-head": `PUB a 5\r\nhello\r\n` + "\n" + `PING\r\n`,
	"dot":       `hello\r\n` + "\n" + `world\r\nagain\r\n`,
	"json":      "{\"hello\":1}\n[\"world\"]\n12",
	"resp":      `PING\r\n` + "\n" + `+PONG\r\n` + "\n" + `$5\r\nhello\r\n`,
}

// Menu returns the framings that there are.
func Menu() []Item {
	var menu []Item
	for _, f := range spec.Framings() {
		item := Item{Name: f.Name, About: f.About, Spec: f.Example, Sample: "hello\nworld\nagain", Keys: []Key{}}
		if sample, ok := samples[f.Name]; ok {
			item.Sample = sample
		}
		if framer, err := spec.Parse(f.Example); err == nil {
			if framer, ok := framer.(*fixed.Framer); ok {
				item.Sample = sized(framer.Size())
			}
		}
		for _, k := range f.Keys {
			item.Keys = append(item.Keys, Key{k.String(), k.About})
		}
		menu = append(menu, item)
	}
	return menu
}

// sized returns messages of that size.
func sized(size int) string {
	var lines []string
	for _, word := range []string{"hello", "world", "again"} {
		lines = append(lines, strings.Repeat(word+" ", size/len(word)+1)[:size])
	}
	return strings.Join(lines, "\n")
}
