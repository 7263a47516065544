package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/wholeframe/wholeframe/bench/fleet"
)

// The first table of README.md, the picture above it and its description have the same figures.
func TestReadme(t *testing.T) {
	read := func(name string) string {
		text, err := os.ReadFile("../../" + name)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	readme, light, dark := read("README.md"), read("cost-light.svg"), read("cost-dark.svg")
	rows := regexp.MustCompile(`(?m)^\| (\S+) \| ([0-9,.]+) ns \|`).FindAllStringSubmatch(strings.ReplaceAll(readme, "**", ""), -1)
	if len(rows) < 5 {
		t.Fatalf("the rows of README.md are %q", rows)
	}
	var words []string
	for _, row := range rows {
		words = append(words, row[1]+" "+row[2])
		for _, picture := range []string{light, dark} {
			if row[1] == fleet.Raw {
				row[2] = "no framing: " + row[2]
			} else if !strings.Contains(picture, ">"+row[1]+"<") {
				t.Errorf("the picture has no %s", row[1])
			}
			if !strings.Contains(picture, ">"+row[2]+"<") && !strings.Contains(picture, ">→ "+row[2]+"<") {
				t.Errorf("the picture has no %s for %s", row[2], row[1])
			}
			row[2] = strings.TrimPrefix(row[2], "no framing: ")
		}
	}
	if alt := `alt="Server CPU per message in nanoseconds: ` + strings.Join(words, ", ") + `"`; !strings.Contains(readme, alt) {
		t.Errorf("the description of the picture is not %s", alt)
	}
}
