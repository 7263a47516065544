package main

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// The table, the picture and its description in README.md have the figures of figures.txt.
func TestReadme(t *testing.T) {
	read := func(name string) string {
		text, err := os.ReadFile("../../" + name)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	_, figures, found := strings.Cut(read("figures.txt"), "\n"+headline.String()+" ")
	if !found {
		t.Fatalf("figures.txt has no %s", headline)
	}
	figures, _, _ = strings.Cut(figures, "\n\n")
	readme, light, dark := read("README.md"), read("cost-light.svg"), read("cost-dark.svg")
	alt := regexp.MustCompile(`alt="Server CPU per message, sorted: ([^"]*)"`).FindStringSubmatch(readme)
	if alt == nil {
		t.Fatal("README.md does not describe the picture")
	}
	names := map[string]string{"byhand": "by hand"}
	rows := regexp.MustCompile(`(?m)^ +(\S+) +\d+ +(\d+)(?: +\S+){4} +(\S+) +\S+ +\d+ % +(\S+)`).FindAllStringSubmatch(figures, -1)
	if len(rows) < 5 {
		t.Fatalf("figures.txt: %q", figures)
	}
	for _, row := range rows {
		value := func(i int) float64 {
			v, err := strconv.ParseFloat(row[i], 64)
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
		perSecond, nanoseconds, ratio := value(2), number(1000*value(3)), value(4)
		want := fmt.Sprintf("| %s ns | %.3g | %.2g million |", nanoseconds, ratio, perSecond/1e6)
		if row[1] == "raw" {
			want = fmt.Sprintf("| *%s ns* | *%.2f* | *%.2g million* |", nanoseconds, ratio, perSecond/1e6)
		}
		if plain := strings.ReplaceAll(readme, "**", ""); !strings.Contains(plain, want) {
			t.Errorf("README.md has no row of %s: %s", row[1], want)
		}
		label := ">" + nanoseconds + "<"
		if row[1] == "raw" {
			label = "no framing: " + nanoseconds
		}
		for _, picture := range []string{light, dark} {
			if !strings.Contains(picture, label) && !strings.Contains(picture, "→ "+nanoseconds) {
				t.Errorf("the picture has no %s for %s", label, row[1])
			}
		}
		if name, ok := names[row[1]]; ok {
			row[1] = name
		}
		if !strings.Contains(alt[1], row[1]+" "+nanoseconds) && row[1] != "raw" {
			t.Errorf("the description has no %s %s", row[1], nanoseconds)
		}
	}
}
