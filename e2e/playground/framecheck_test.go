package playground

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestFramecheckPage reads the page that framecheck makes of two reports: in a desktop's
// window, on a phone, in the dark, and with keys alone. The page has no script.
func TestFramecheckPage(t *testing.T) {
	hostile := `<img src=x onerror="document.title=1">`
	cases := func(verdict string) (all []map[string]any) {
		for i, v := range []string{"pass", verdict, "not strict", "informational", "does not apply"} {
			all = append(all, map[string]any{
				"number": fmt.Sprintf("%d.%d", 1+i/3, 9+i%3), "group": []string{"chunking", "payloads"}[i/3], "rule": "Rule " + fmt.Sprint(i) + ".", "verdict": v,
				"reason": hostile, "means": "Messages are lost.", "seen": []string{"a sends 4 bytes: 00000000", strings.Repeat("0123456789abcdef", 20)}, "framecat": "framecat -x",
			})
		}
		return all
	}
	dir := t.TempDir()
	var files []string
	for i, verdict := range []string{"pass", "fail"} {
		file := filepath.Join(dir, fmt.Sprintf("%d.json", i))
		text, err := json.Marshal(map[string]any{
			"framecheck": 1, "name": []string{"first", hostile}[i], "framing": "length", "date": "2026-01-02T03:04:05Z", "counts": map[string]int{verdict: 2}, "cases": cases(verdict),
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	made := filepath.Join(dir, "page.html")
	c := exec.Command("go", append([]string{"run", "./cmd/framecheck", "-merge", "-html", made}, files...)...)
	c.Dir = "../.."
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	b := startBrowser(t)
	show := func(t *testing.T, width int, scheme string) *browser {
		t.Helper()
		shown := b.at(t, "file://"+made, width, 800)
		shown.media(scheme)
		return shown
	}
	open := `:popover-open`

	t.Run("matrix", func(t *testing.T) {
		b := show(t, 1200, "light")
		b.want("cells", strings.Join(b.texts("td.cell"), " "), "pass pass pass fail not strict not strict info info – –")
		b.want("rows", strings.Join(b.texts(".number"), " "), "1.9 1.10 1.11 2.9 2.10")
		b.want("groups", strings.Join(b.texts("h2"), " "), "chunking payloads")
		b.click(`button[popovertarget="c1-1.10"]`)
		if text := b.text(open); !strings.Contains(text, "Messages are lost.") || !strings.Contains(text, "a sends 4 bytes: 00000000") || !strings.Contains(text, "framecat -x") || !strings.Contains(text, hostile) {
			t.Errorf("the cell opens to %q", text)
		}
		b.click(open + " button")
		b.want("open after Close", strings.Join(b.texts(open), ""), "")
		var images, scripts int
		b.js(&images, "return document.images.length")
		b.js(&scripts, "return document.scripts.length")
		if images+scripts > 0 {
			t.Errorf("%d images, %d scripts", images, scripts)
		}
	})
	t.Run("keyboard", func(t *testing.T) {
		b := show(t, 1200, "light")
		b.press(tab, tab, tab, tab, enter)
		b.want("the fourth cell", b.text(open+" h3"), "1.10 · "+hostile)
		b.press(escape)
		b.want("open after Escape", strings.Join(b.texts(open), ""), "")
		var focused string
		b.js(&focused, "return document.activeElement.getAttribute('popovertarget')")
		b.want("focus", focused, "c1-1.10")
	})
	t.Run("phone", func(t *testing.T) {
		b := show(t, 360, "light")
		for _, state := range []string{"closed", "open"} {
			if state == "open" {
				b.click(`button[popovertarget="c0-1.9"]`)
			}
			var width int
			if b.js(&width, "return document.documentElement.scrollWidth"); width > 360 {
				t.Errorf("%s: the page is %d pixels wide", state, width)
			}
			var small []string
			b.js(&small, `return Array.from(document.querySelectorAll("button")).filter((e) => e.checkVisibility() && e.getBoundingClientRect().height < 24).map((e) => e.outerHTML)`)
			if len(small) > 0 {
				t.Errorf("%s: too small to touch: %q", state, small)
			}
		}
	})
	t.Run("contrast", func(t *testing.T) {
		for _, scheme := range []string{"light", "dark"} {
			b := show(t, 1200, scheme)
			b.click(`button[popovertarget="c1-1.10"]`)
			var poor []json.RawMessage
			b.js(&poor, contrastScript)
			for _, p := range poor {
				t.Errorf("%s: %s", scheme, p)
			}
		}
	})
}
