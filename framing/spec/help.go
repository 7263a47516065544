package spec

import (
	"fmt"
	"strings"
)

// Help returns a page that describes every framing, with its keys and an example,
// and every preset, both by kind.
func Help() string {
	var s strings.Builder
	s.WriteString("A framing is its name and any of its keys, separated by commas.\n")
	s.WriteString("N: a number. SIZE: bytes, or 64KiB, 1MiB, 2GiB. HEX: 0d0a.\n")
	s.WriteString("TEXT: as it is, with \\n \\r \\t \\\\ \\x00 and \\, for a comma (quote it in a shell).\n")
	kind := ""
	for _, f := range framings {
		if f.Kind != kind {
			kind = f.Kind
			fmt.Fprintf(&s, "\n%s\n", strings.ToUpper(kind))
		}
		fmt.Fprintf(&s, "\n%s: %s\n", f.Name, f.About)
		for _, k := range f.Keys {
			about := k.About
			if k.Repeat {
				about += "; may be repeated"
			}
			writeKey(&s, k, about)
		}
		fmt.Fprintf(&s, "    example: %s\n", f.Example)
	}
	s.WriteString("\nA framing in which a payload may end in any bytes also takes\n")
	writeKey(&s, check, check.About)
	fmt.Fprintf(&s, "        %s\n", strings.ReplaceAll(checkNames(), ",", ""))
	s.WriteString("\nThe name of a protocol is short for its framing, and takes no keys.\n")
	kind = ""
	for _, p := range presets {
		if p.Kind != kind {
			kind = p.Kind
			fmt.Fprintf(&s, "\n  %s:\n", kind)
		}
		fmt.Fprintf(&s, "    %-17s %s\n        %s\n", p.Name, p.Protocol, p.Spec)
	}
	return s.String()
}

// writeKey writes a key and what it is about, on a line of its own if the key is long.
func writeKey(s *strings.Builder, k Key, about string) {
	const width = 22
	if len(k.String()) >= width {
		fmt.Fprintf(s, "    %s\n    %*s %s\n", k, width, "", about)
		return
	}
	fmt.Fprintf(s, "    %-*s %s\n", width, k, about)
}
