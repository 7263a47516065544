package play

import (
	"slices"
	"strings"

	"github.com/wholeframe/wholeframe/framing/fixed"
	"github.com/wholeframe/wholeframe/framing/spec"
)

// An Item is a framing to choose, or a protocol that uses one.
type Item struct {
	Group  string `json:"group"` // Items of one group follow each other
	Label  string `json:"label"` // how the menu shows it
	Name   string `json:"name"`  // the first part of its specs
	About  string `json:"about"`
	Spec   string `json:"spec"`   // an example
	Sample string `json:"sample"` // messages that the example takes; empty for a protocol
	Keys   []Key  `json:"keys"`
	Doc    string `json:"doc"` // where it is described, from the top of the repository
}

// A Key is an option of a framing.
type Key struct {
	Key   string `json:"key"`
	About string `json:"about"`
}

const protocols = "Protocols"

// sections are those of docs/choosing.md that describe a framing.
var sections = map[string]string{
	"line":           "lines",
	"crlf":           "strict-crlf-lines",
	"dot":            "dot",
	"delimiter":      "other-delimiters",
	"length":         "length",
	"varint":         "varint",
	"fixed":          "fixed-size",
	"netstring":      "netstring",
	"octet-count":    "octet-counting",
	"syslog":         "syslog",
	"content-length": "content-length",
	"text-head":      "text-head",
	"record-mark":    "record-marking",
	"json":           "json",
	"resp":           "resp",
	"slip":           "slip",
	"cobs":           "cobs",
	"stuffed":        "flags-and-a-table",
	"stx":            "stx-and-etx",
	"enclosed":       "other-marks",
}

// samples are messages for the framings that do not take any text.
var samples = map[string]string{
	"text-head": `PUB a 5\r\nhello\r\n` + "\n" + `PING\r\n` + "\n" + `PUB b 5\r\nworld\r\n`,
	"dot":       `hello\r\n` + "\n" + `world\r\nagain\r\n`,
	"json":      "{\"hello\":1}\n[\"world\"]\n12",
	"resp":      `PING\r\n` + "\n" + `+PONG\r\n` + "\n" + `$5\r\nhello\r\n`,
}

// Menu returns all framings by kind, and all protocols by name.
func Menu() []Item {
	var menu []Item
	for _, f := range spec.Framings() {
		group := strings.ToUpper(f.Kind[:1]) + f.Kind[1:]
		item := Item{Group: group, Label: f.Name, Name: f.Name, About: f.About, Spec: f.Example, Sample: "hello\nworld\nagain", Keys: []Key{}, Doc: "docs/choosing.md"}
		if section, ok := sections[f.Name]; ok {
			item.Doc += "#" + section
		}
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
	framings := len(menu)
	for _, p := range spec.Presets() {
		menu = append(menu, Item{Group: protocols, Label: p.Protocol, Name: p.Name, About: p.Protocol + ": short for " + p.Spec, Spec: p.Name, Keys: []Key{}, Doc: "docs/protocols.md"})
	}
	slices.SortStableFunc(menu[framings:], func(a, b Item) int {
		return strings.Compare(strings.ToLower(a.Label), strings.ToLower(b.Label))
	})
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
