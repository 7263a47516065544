package playground

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// The page of all tests, and their browser.
var (
	page   string
	chrome *browser
)

var (
	command = regexp.MustCompile("```console\n\\$ (go run ./docs/playground)\n```")
	address = regexp.MustCompile(`^http://\S+/`)
)

// TestPlayground runs the command of docs/playground/README.md, but for the
// port, and all that follows in the page that it serves. Then Ctrl-C ends it.
func TestPlayground(t *testing.T) {
	text, err := os.ReadFile("../../docs/playground/README.md")
	if err != nil {
		t.Fatal(err)
	}
	m := command.FindSubmatch(text)
	if m == nil {
		t.Fatal("README.md has no command")
	}
	c := exec.Command("sh", "-c", "exec "+string(m[1])+" -addr 127.0.0.1:0")
	c.Dir = "../.."
	var stderr bytes.Buffer
	c.Stderr = &stderr
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C reaches go and the program
	stdout, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Kill(-c.Process.Pid, syscall.SIGINT); err != nil {
			t.Error(err)
		}
		// The go command itself ends with 1 when it is interrupted; it would
		// print how the program ended, were that not with 0.
		_ = c.Wait()
		if stderr.Len() > 0 {
			t.Errorf("after Ctrl-C: %s", &stderr)
		}
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	page = address.FindString(line)
	chrome = startBrowser(t)

	t.Run("opening", opening)
	t.Run("every framing", everyFraming)
	t.Run("every protocol", everyProtocol)
	t.Run("cuts", cuts)
	t.Run("dragging", dragging)
	t.Run("linked", linked)
	t.Run("typing", typing)
	t.Run("arrival", arrival)
	t.Run("play", playing)
	t.Run("errors", errorsShown)
	t.Run("notations", notations)
	t.Run("nothing lost", nothingLost)
	t.Run("guess", guessing)
	t.Run("copy", copying)
	t.Run("link", link)
	t.Run("keyboard", keyboard)
	t.Run("screen reader", screenReader)
	t.Run("widths", widths)
	t.Run("first screen", firstScreen)
	t.Run("contrast", contrast)
	t.Run("hostile text", hostileText)
	t.Run("static", static)
}

// desktop opens the page, in the state that a link says.
func desktop(t *testing.T, state url.Values) *browser {
	t.Helper()
	return chrome.open(t, page+"#"+state.Encode(), desktopWidth, 900)
}

// The widths that the page is tested at.
const (
	phoneWidth   = 360
	tabletWidth  = 768
	desktopWidth = 1200
)

// payloads returns the payloads of all frames that are shown.
func (b *browser) payloads() string {
	b.t.Helper()
	return strings.Join(b.texts("#results .payload.mono"), " ")
}

func (b *browser) want(what, got, want string) {
	b.t.Helper()
	if got != want {
		b.t.Errorf("%s: %q, not %q", what, got, want)
	}
}

// kinds returns the kinds of the wire's bytes, a letter for each.
func (b *browser) kinds() (kinds string) {
	b.t.Helper()
	b.js(&kinds, `return Array.from(document.querySelectorAll("#wire .byte"), (e) => e.classList[1][0]).join("")`)
	return kinds
}

// labels returns the labels of all elements that a selector finds.
func (b *browser) labels(selector string) (labels []string) {
	b.t.Helper()
	b.js(&labels, "return Array.from(document.querySelectorAll(arguments[0]), (e) => e.label)", selector)
	return labels
}

// pick chooses an entry of the menu.
func (b *browser) pick(name string) {
	b.t.Helper()
	b.click(fmt.Sprintf("#menu option[value=%q]", name))
}

// The page opens with half and sticky packets, which arrive once by themselves,
// unless its reader wants no motion. The link is written when somebody does
// something, and then nothing moves.
func opening(t *testing.T) {
	b := desktop(t, nil)
	b.want("without motion", b.text("#pieces"), "18 bytes in 3 pieces.")
	b.want("without motion", b.text("#run[aria-pressed=false]"), "Play")

	chrome.motion = "no-preference"
	defer func() { chrome.motion = "reduce" }()
	var script map[string]string // its identifier
	b.ask("POST", "/goog/cdp/execute", map[string]any{"cmd": "Page.addScriptToEvaluateOnNewDocument", "params": map[string]string{"source": `
		window.seen = [];
		document.addEventListener("DOMContentLoaded", () => {
			const pieces = document.getElementById("pieces"); // none in a blank page
			if (pieces) new MutationObserver(() => seen.push(pieces.textContent)).observe(pieces, { childList: true });
		});`}}, &script)
	b = chrome.open(t, page, desktopWidth, 900)
	b.cdp("Page.removeScriptToEvaluateOnNewDocument", script)
	b.until(`return seen.at(-1) === "18 bytes in 3 pieces." && seen.length > 3 && document.getElementById("run").ariaPressed === "false"`)
	var seen []string
	b.js(&seen, "return seen")
	b.want("pieces", strings.Join(seen, " "), "18 bytes in 3 pieces, of which 0 arrived. 18 bytes in 3 pieces, of which 1 arrived. 18 bytes in 3 pieces, of which 2 arrived. 18 bytes in 3 pieces.")
	b.want("packets", b.text("#packets"), "Piece 1: part of a frame (half packet). Piece 2: bytes of 2 frames (sticky packets). Piece 3: bytes of 2 frames (sticky packets).")
	b.want("payloads", b.payloads(), `"hello" "world" "again"`)
	var hash string
	b.js(&hash, "return location.hash")
	b.want("link", hash, "")

	b = chrome.open(t, page, desktopWidth, 900)
	b.click("#end")
	b.want("somebody came between", b.text("#pieces")+b.text("#run[aria-pressed=false]"), "18 bytes in 3 pieces.Play")
	b.until("return location.hash !== ''")
	b.js(&hash, "return location.hash")
	b.want("link", hash, "#spec=line&mode=messages&input=hello%0Aworld%0Aagain&cuts=3%2C9&end=")

	b = chrome.open(t, page+hash, desktopWidth, 900)
	b.want("a link", b.text("#run[aria-pressed=false]"), "Play")
}

// Each framing of the menu takes messages and shows them again, however its
// bytes are cut.
func everyFraming(t *testing.T) {
	b := desktop(t, nil)
	if groups := strings.Join(b.labels("optgroup"), ", "); groups != "Text, A length first, Values, Marks and escapes, Protocols" {
		t.Errorf("the groups are %s", groups)
	}
	var names []string
	b.js(&names, `return Array.from(document.querySelectorAll("#menu optgroup:not([label=Protocols]) option"), (e) => e.value)`)
	if len(names) < 12 {
		t.Errorf("there are no more than %q", names)
	}
	for _, name := range names {
		b.pick(name)
		spec := b.text("#spec-text")
		if spec != name && !strings.HasPrefix(spec, name+",") {
			t.Errorf("%s: the spec is %s", name, spec)
		}
		var sample string
		b.js(&sample, `return document.getElementById("input").value`)
		messages := strings.Split(strings.TrimSuffix(sample, "\n"), "\n")
		want := `"` + strings.Join(messages, `" "`) + `"`
		b.want(name+" as it comes", b.payloads(), want)
		for _, how := range []string{"none", "each", "random", "sample"} {
			b.click("#cut-" + how)
			b.want(name+" cut: "+how, b.payloads(), want)
		}
		b.want(name, b.text("#summary"), fmt.Sprintf("%d frames.", len(messages)))
		if len(messages) < 2 {
			t.Errorf("%s: the messages are %s", name, want)
		}
		if !strings.HasSuffix(b.text("#pieces"), " in 3 pieces.") || !strings.Contains(b.text("#packets"), "half packet") || !strings.Contains(b.text("#packets"), "sticky") {
			t.Errorf("%s: %s %s", name, b.text("#pieces"), b.text("#packets"))
		}
		if kinds := b.kinds(); strings.Trim(kinds, "hpst") != "" || !strings.Contains(kinds, "p") {
			t.Errorf("%s: the bytes are %s", name, kinds)
		}
	}
}

// Each protocol shows its message of testdata/decode/presets.json, twice, and its source.
func everyProtocol(t *testing.T) {
	b := desktop(t, nil)
	var names []string
	b.js(&names, `return Array.from(document.querySelectorAll("#menu optgroup[label=Protocols] option"), (e) => e.value)`)
	if len(names) < 60 {
		t.Errorf("there are no more than %q", names)
	}
	var shown [][3]string
	b.js(&shown, `const menu = document.getElementById("menu"), text = (id) => document.getElementById(id).textContent;
		return arguments[0].map((name) => {
			menu.value = name;
			menu.dispatchEvent(new Event("change", { bubbles: true }));
			return [text("summary") + text("input-errors"), text("about"), document.getElementById("spec").value];
		})`, names)
	for i, name := range names {
		b.want(name, shown[i][0], "2 frames.")
		if about := shown[i][1]; !strings.Contains(about, "short for ") || !strings.Contains(about, "Shown: ") {
			t.Errorf("%s: about: %s", name, about)
		}
		b.want(name, shown[i][2], name)
	}
}

// Clicks between bytes, and on them, cut; a second one joins.
func cuts(t *testing.T) {
	b := desktop(t, nil)
	b.click("#cut-none")
	b.want("at first", b.text("#pieces"), "18 bytes in 1 piece.")
	b.click(`[data-gap="3"]`)
	b.click(`[data-gap="8"]`)
	b.want("cut", b.text("#pieces"), "18 bytes in 3 pieces.")
	b.want("where", strings.Join(b.texts(".where"), "; "), "6 bytes at offset 0, arrived with piece 2; 6 bytes at offset 6, arrived with piece 3; 6 bytes at offset 12, arrived with piece 3")
	b.want("payloads", b.payloads(), `"hello" "world" "again"`)
	b.click(`[data-gap="3"]`)
	b.want("joined", b.text("#pieces"), "18 bytes in 2 pieces.")
	b.click("#cut-each")
	b.want("one at a time", b.text("#pieces"), "18 bytes in 18 pieces.")
	b.click("#cut-none")
	b.want("all at once", b.text("#pieces"), "18 bytes in 1 piece.")

	// The left half of a byte is nearer to the gap before it.
	var box struct{ X, Y, Width, Height float64 }
	b.js(&box, `return document.querySelector('[data-at="5"]').getBoundingClientRect()`)
	for i, at := range []float64{0.25, 0.75} {
		b.ask("POST", "/actions", map[string]any{"actions": []any{map[string]any{"type": "pointer", "id": "mouse", "actions": []any{
			map[string]any{"type": "pointerMove", "x": int(box.X + box.Width*at), "y": int(box.Y + box.Height/2)},
			map[string]any{"type": "pointerDown", "button": 0},
			map[string]any{"type": "pointerUp", "button": 0},
		}}}}, nil)
		var pressed bool
		b.js(&pressed, fmt.Sprintf(`return document.querySelector('[data-gap="%d"]').ariaPressed === "true"`, 5+i))
		if !pressed {
			t.Errorf("a click at %v of byte 5 does not cut there", at)
		}
	}
}

// A cut is moved by dragging it, and no further than to the next one.
func dragging(t *testing.T) {
	b := desktop(t, nil)
	center := func(selector string) (box struct{ X, Y float64 }) {
		b.js(&box, `const box = document.querySelector(arguments[0]).getBoundingClientRect(); return { X: box.left + box.width / 2, Y: box.top + box.height / 2 }`, selector)
		return box
	}
	drag := func(pointer string, button int, from string, to ...string) {
		at := func(selector string) map[string]any {
			box := center(selector)
			return map[string]any{"type": "pointerMove", "x": int(box.X), "y": int(box.Y)}
		}
		actions := []any{at(from), map[string]any{"type": "pointerDown", "button": button}}
		for _, selector := range to {
			actions = append(actions, at(selector))
		}
		actions = append(actions, map[string]any{"type": "pointerUp", "button": button})
		b.ask("POST", "/actions", map[string]any{"actions": []any{map[string]any{
			"type": "pointer", "id": pointer, "parameters": map[string]string{"pointerType": pointer}, "actions": actions}}}, nil)
	}
	for _, pointer := range []string{"mouse", "touch"} {
		b = desktop(t, nil)
		drag(pointer, 0, `[data-gap="3"]`, `[data-gap="4"]`, `[data-gap="5"]`)
		b.wantCuts("dragged by "+pointer, 5, 9)
		drag(pointer, 0, `[data-gap="5"]`, `[data-gap="9"]`, `[data-gap="12"]`)
		b.wantCuts("over another by "+pointer, 9, 12)
		drag(pointer, 0, `[data-gap="9"]`)
		b.wantCuts("clicked by "+pointer, 12)
		drag(pointer, 0, `[data-gap="12"]`, `[data-gap="13"]`)
		b.js(nil, `document.querySelector('[data-gap="13"]').focus()`)
		b.press(enter)
		b.wantCuts("dragged by " + pointer + " and joined by keyboard")
	}
	b = desktop(t, nil)
	for button, name := range map[int]string{1: "middle", 2: "right"} {
		drag("mouse", button, `[data-gap="3"]`, `[data-gap="4"]`, `[data-gap="5"]`)
		b.wantCuts("dragged with the "+name+" button", 3, 9)
	}
	// A button may be released where the page does not see it.
	b.js(nil, `const at = (selector, type, buttons) => {
			const e = document.querySelector(selector), box = e.getBoundingClientRect();
			e.dispatchEvent(new PointerEvent(type, { bubbles: true, pointerId: 1, buttons, clientX: box.left + box.width / 2, clientY: box.top + box.height / 2 }));
		};
		at('[data-gap="3"]', "pointerdown", 1);
		at('[data-gap="4"]', "pointermove", 1);
		at('[data-gap="6"]', "pointermove", 0);`)
	b.wantCuts("released elsewhere", 4, 9)
	b.want("payloads", b.payloads(), `"hello" "world" "again"`)
}

// wantCuts compares the cuts that are shown.
func (b *browser) wantCuts(what string, want ...int) {
	b.t.Helper()
	var cuts []int
	b.js(&cuts, `return Array.from(document.querySelectorAll(".gap[aria-pressed=true]"), (e) => Number(e.dataset.gap))`)
	if !slices.Equal(cuts, want) {
		b.t.Errorf("%s: cut are %v, not %v", what, cuts, want)
	}
}

// Where the pointer or the focus is, the bytes of a part and its frame are marked,
// on the wire and among the frames.
func linked(t *testing.T) {
	b := desktop(t, url.Values{"spec": {"netstring"}})
	marked := func() (s string) {
		b.js(&s, `const all = (selector, name) => Array.from(document.querySelectorAll(selector), (e) => e.dataset[name]).join(" ");
			return [all(".byte.linked", "at"), all(".result.linked", "index"), Array.from(document.querySelectorAll(".strip .linked small"), (e) => e.textContent).join(" ")].join("; ")`)
		return s
	}
	hover := func(selector string) {
		b.js(nil, `document.querySelector(arguments[0]).scrollIntoView({ block: "center" })`, selector)
		b.ask("POST", "/actions", map[string]any{"actions": []any{map[string]any{"type": "pointer", "id": "mouse", "actions": []any{
			map[string]any{"type": "pointerMove", "origin": map[string]string{webElement: strings.TrimPrefix(b.element(selector), "/element/")}, "x": 0, "y": 0},
		}}}}, nil)
	}
	for _, step := range []struct{ selector, want string }{
		{`[data-at="9"]`, "8 9; 1; header"},
		{`[data-at="12"]`, "10 11 12 13 14; 1; payload"},
		{`[data-index="2"] h3`, "16 17 18 19 20 21 22 23; 2; header payload trailer"},
		{`[data-index="0"] .strip .trailer`, "7; 0; trailer"},
		{`h1`, "; ; "},
	} {
		hover(step.selector)
		b.want("pointer at "+step.selector, marked(), step.want)
	}
	b.js(nil, `document.querySelector("#results li").focus()`)
	b.want("focus", marked(), "0 1 2 3 4 5 6 7; 0; header payload trailer")
	b.press(down)
	b.want("down", marked(), "8 9 10 11 12 13 14 15; 1; header payload trailer")
	b.press(end)
	b.want("end", marked(), "16 17 18 19 20 21 22 23; 2; header payload trailer")
	b.js(nil, `document.querySelector('[data-gap="1"]').focus()`)
	b.want("a gap", marked(), "0 1; 0; header")
	b.press(right)
	b.want("the next gap", marked(), "2 3 4 5 6; 0; payload")

	// The byte of an error is still marked as such.
	b = desktop(t, url.Values{"spec": {"netstring"}, "mode": {"text"}, "input": {"5:hello,x"}})
	b.js(nil, `document.querySelector(".result.wrong").focus()`)
	var shadow string
	b.js(&shadow, `return getComputedStyle(document.querySelector(".byte.error.linked")).boxShadow`)
	if wrong := "rgb(168, 22, 42)"; !strings.Contains(shadow, wrong) {
		t.Errorf("the shadow of a byte with an error is %s, without %s", shadow, wrong)
	}
}

// Cuts stay where they are while what is typed makes no bytes.
func typing(t *testing.T) {
	b := desktop(t, url.Values{"mode": {"hex"}, "input": {"61620a63"}, "cuts": {"2"}})
	b.write("#input", "61620")
	b.want("half a byte", b.text("#pieces")+b.text("#input-errors"), "5 hexadecimal digits: want two for each byte Select")
	b.write("#input", "61620a64")
	b.want("whole again", b.text("#pieces"), "4 bytes in 2 pieces.")
	b.write("#spec", "nothing")
	b.want("no framing", b.text("#pieces")+b.text("#summary"), "4 bytes in 2 pieces.")
	b.want("bytes", b.kinds(), "pppp") // plain
}

// Frames appear with the piece that completes them.
func arrival(t *testing.T) {
	b := desktop(t, url.Values{"spec": {"length,width=2"}, "mode": {"hex"}, "input": {"0002 6869 0005 68656c6c6f"}, "cuts": {"1,3,9"}})
	b.click("#first")
	b.want("nothing", b.payloads()+b.text("#summary"), "0 frames.")
	for _, step := range []struct{ kinds, payloads, summary, pieces string }{
		{"iccccccccc" + "c", "", "0 frames, 1 byte of an incomplete frame.", "11 bytes in 4 pieces, of which 1 arrived."},
		{"hhpcccccccc", "", "0 frames, 3 bytes of an incomplete frame.", "11 bytes in 4 pieces, of which 2 arrived."},
		{"hhpphhpppcc", `"hi"`, "1 frame, 5 bytes of an incomplete frame.", "11 bytes in 4 pieces, of which 3 arrived."},
		{"hhpphhppppp", `"hi" "hello"`, "2 frames.", "11 bytes in 4 pieces."},
	} {
		b.click("#next")
		b.want("bytes", b.kinds(), step.kinds)
		b.want("payloads", b.payloads(), step.payloads)
		b.want("summary", b.text("#summary"), step.summary)
		b.want("pieces", b.text("#pieces"), step.pieces)
	}
	b.want("packets", b.text("#packets"), "Piece 1: part of a frame (half packet). Piece 2: part of a frame (half packet). Piece 3: bytes of 2 frames (sticky packets). Piece 4: part of a frame (half packet).")
	b.click("#back")
	b.want("back", b.payloads(), `"hi"`)
	b.click("#last")
	b.want("all", b.payloads(), `"hi" "hello"`)

	// Bytes that belong to no frame do not count as one.
	for _, c := range []struct{ spec, input, cuts, want string }{
		{"netstring", "1:a,2:bc,xyz", "4,10", "Piece 1: one frame. Piece 2: one frame and bytes that belong to no frame. Piece 3: bytes that belong to no frame."},
		{"slip", `a\xc0\xc0\xc0b`, "2,3", "Piece 1: one frame. Piece 2: bytes that belong to no frame. Piece 3: part of a frame (half packet) and bytes that belong to no frame."},
	} {
		b = desktop(t, url.Values{"spec": {c.spec}, "mode": {"text"}, "input": {c.input}, "cuts": {c.cuts}})
		b.want(c.spec, b.text("#packets"), c.want)
	}
}

// Play lets all pieces arrive, one after the other, and stops.
func playing(t *testing.T) {
	b := desktop(t, url.Values{"cuts": {"each"}})
	b.js(nil, `window.seen = []; new MutationObserver(() => seen.push(document.getElementById("pieces").textContent))
		.observe(document.getElementById("pieces"), { childList: true })`)
	b.click("#run")
	b.until(`return seen.at(-1) === "18 bytes in 18 pieces." && document.getElementById("run").ariaPressed === "false"`)
	var seen []string
	b.js(&seen, "return seen")
	for i := range 18 {
		if want := fmt.Sprintf("18 bytes in 18 pieces, of which %d arrived.", i); !slices.Contains(seen, want) {
			t.Errorf("nobody saw: %s", want)
		}
	}
	b.want("payloads", b.payloads(), `"hello" "world" "again"`)

	// While a field is wrong nothing arrives, and what has arrived is not changed.
	b = desktop(t, url.Values{"mode": {"text"}, "input": {"hello\nworld\nagain\n"}, "cuts": {"3,9"}, "arrived": {"2"}})
	for _, c := range []struct{ field, wrong, right string }{{"#spec", "nothing", "line"}, {"#max", "many", "9"}} {
		b.write(c.field, c.wrong)
		for _, id := range []string{"run", "first", "back", "next", "last"} {
			b.want(id+" while "+c.field+" is wrong", b.text("#"+id+"[aria-disabled=true]"), b.text("#"+id))
			b.click("#" + id)
			b.want(id+" while "+c.field+" is wrong", b.text("#run[aria-pressed=false]"), "Play")
		}
		b.write(c.field, c.right)
		b.want("pieces", b.text("#pieces"), "18 bytes in 3 pieces, of which 2 arrived.")
	}
}

// Errors name the offset where the stream breaks, and the byte there is marked.
func errorsShown(t *testing.T) {
	for _, c := range []struct {
		state         url.Values
		title, reason string
		marked        []int
		summary       string
	}{
		{url.Values{"spec": {"netstring"}, "mode": {"text"}, "input": {"5:hello,x"}},
			"Error at offset 8", "framing: frame at offset 8: malformed length: got 'x', want a digit", []int{8}, "1 frame, 1 error."},
		{url.Values{"spec": {"line"}, "mode": {"text"}, "input": {"hi\nhello\nyes\n"}, "max": {"3"}},
			"Error at offset 3", "framing: frame at offset 3: payload exceeds the limit of 3 bytes", []int{3}, "2 frames, 1 error."},
		{url.Values{"spec": {"length"}, "mode": {"text"}, "input": {`\x00\x00\x00\x01aGET / HTTP/1.1`}},
			"Error at offset 5", "framing: frame at offset 5: payload of 1195725856 bytes exceeds the limit of 1048576 bytes (this looks like an HTTP request)", []int{5}, "1 frame, 1 error."},
		{url.Values{"spec": {"fixed,size=4"}, "mode": {"text"}, "input": {"abcdef"}, "end": {""}},
			"Error at offset 4", "framing: frame at offset 4: unexpected EOF after 2 of 4 bytes", []int{4}, "1 frame, 1 error."},
	} {
		b := desktop(t, c.state)
		for _, cut := range []string{"none", "each"} {
			b.click("#cut-" + cut)
			b.want("title", strings.Join(b.texts(".result.wrong h3"), "; "), c.title)
			b.want("reason", b.text(".result.wrong .reason"), c.reason)
			b.want("summary", b.text("#summary"), c.summary)
			var marked []int
			b.js(&marked, `return Array.from(document.querySelectorAll(".byte.error"), (e) => Number(e.dataset.at))`)
			if !slices.Equal(marked, c.marked) {
				t.Errorf("marked are %v", marked)
			}
		}
	}

	// Faults are shown below their field, and their place can be selected.
	b := desktop(t, nil)
	selected := func(field string) (s string) {
		b.click("#" + field + "-errors button")
		b.js(&s, `const e = document.activeElement; return e.id + ": " + e.value.slice(e.selectionStart, e.selectionEnd)`)
		return s
	}
	below := func(field string) {
		t.Helper()
		var apart float64
		b.js(&apart, `return document.getElementById(arguments[0] + "-errors").getBoundingClientRect().top - document.getElementById(arguments[0]).getBoundingClientRect().bottom`, field)
		if apart < 0 || apart > 60 {
			t.Errorf("what is wrong is shown %v pixels below %s", apart, field)
		}
	}
	b.write("#spec", "length,width=9,order=big")
	b.want("spec", b.text("#spec-errors li"), "spec: at byte 7: lengthprefix: width: 9 is not allowed; it must be 1 to 8 bytes Select")
	b.want("spec", selected("spec"), "spec: width=9")
	below("spec")
	b.write("#spec", "line")
	b.write("#max", "1MB")
	if s := b.text("#max-errors"); !strings.Contains(s, `invalid size "1MB"`) {
		t.Errorf("MaxPayload: %q", s)
	}
	b.want("MaxPayload", selected("max"), "max: 1MB")
	below("max")
	b.write("#max", "5")
	b.write("#input", "hello\nlonger\n\\q")
	b.want("messages", strings.Join(b.texts("#input-errors li"), "; "), "message 2: framing: payload of 6 bytes refused: it exceeds the limit of 5 bytes Select; "+
		`message 3: invalid escape "\\q": want one of a Go string, such as \n \r \t \\ \x00 \u20ac Select`)
	b.want("messages", selected("input"), "input: longer")
	below("input")
}

// Another notation shows the same bytes.
func notations(t *testing.T) {
	b := desktop(t, url.Values{"spec": {"slip"}})
	b.write("#input", `a\xc0b`)
	b.want("stuffing", b.kinds(), "psspt")
	value := func() (s string) {
		b.js(&s, `return document.getElementById("input").value`)
		return s
	}
	for _, step := range []struct{ mode, value string }{
		{"hex", "61 db dc 62 c0"}, {"text", `a\xdb\xdcb\xc0`}, {"messages", `a\xc0b` + "\n"},
	} {
		b.click(fmt.Sprintf("[name=mode][value=%s]", step.mode))
		b.want(step.mode, value(), step.value)
		b.want("stuffing", b.kinds(), "psspt")
		b.want("payloads", b.payloads(), `"a\xc0b"`)
	}
}

// Bytes that make no whole message are kept beside the messages, and input that makes no bytes must be
// corrected before it can be lost.
func nothingLost(t *testing.T) {
	b := desktop(t, url.Values{"spec": {"length,width=2"}, "mode": {"hex"}, "input": {"0002 6869 0005 6865"}, "cuts": {"3"}, "arrived": {"1"}})
	value := func() (s string) {
		b.js(&s, `return document.getElementById("input").value`)
		return s
	}
	mode := func(m string) { b.click(fmt.Sprintf("[name=mode][value=%s]", m)) }
	mode("messages")
	b.want("messages", value(), "hi\n")
	b.want("rest", b.text("#rest code"), "00 05 68 65")
	mode("hex")
	b.want("hex", value(), "00 02 68 69 00 05 68 65")
	mode("messages")
	b.write("#input", "hi\nyou\n")
	mode("text")
	b.want("text", value(), `\x00\x02hi\x00\x03you\x00\x05he`)
	mode("messages")
	b.click("#rest button")
	mode("hex")
	b.want("removed", value(), "00 02 68 69 00 03 79 6f 75")

	// The bytes of half a frame make no message, and stay when another framing is chosen
	// or guessed.
	b = desktop(t, url.Values{"spec": {"length,width=2"}, "mode": {"hex"}, "input": {"0005 68"}})
	mode("messages")
	b.want("no message", value()+b.text("#rest code"), "00 05 68")
	b.pick("netstring")
	b.want("another framing", value()+b.text("#rest:not([hidden]) code"), "00 05 68")
	b.paste("5:hello,5:world,5:again,")
	b.click("#guesses button")
	b.want("a guess", value()+" "+b.text("#rest:not([hidden]) code"), "5:hello,5:world,5:again, 00 05 68")
	mode("hex")
	if !strings.HasSuffix(value(), "2c 00 05 68") {
		t.Errorf("after a guess the bytes are %s", value())
	}

	for _, c := range []struct{ mode, spec, input string }{
		{"hex", "line", "61620"}, {"text", "line", `a\`}, {"messages", "line", "good\n\\q"}, {"messages", "nothing", "good"},
	} {
		b = desktop(t, url.Values{"spec": {c.spec}, "mode": {c.mode}, "input": {c.input}})
		for _, m := range []string{"hex", "text", "messages"} {
			if m == c.mode {
				continue
			}
			mode(m)
			b.want("kept", value(), c.input)
			var checked string
			b.js(&checked, `return document.querySelector("[name=mode]:checked").value`)
			b.want("notation", checked, c.mode)
			b.want("said", b.text("#kept:not([hidden])"), "Correct the error first: another notation would lose what is wrong here.")
		}
	}
}

// paste pastes a text into the input, and waits for the guesses.
func (b *browser) paste(text string) {
	b.t.Helper()
	b.js(nil, "return navigator.clipboard.writeText(arguments[0])", text)
	b.js(nil, `document.getElementById("guesses").hidden = true; document.getElementById("input").focus()`)
	b.control("v")
	b.until(`return !document.getElementById("guesses").hidden`)
}

// The framing of a paste is guessed, and a click chooses a guess.
func guessing(t *testing.T) {
	var b *browser
	for _, c := range []struct{ pasted, guess, protocols, mode string }{
		{"5:hello,5:world,5:again,", "netstring", " (scgi)", "text"},
		{"00000005 68656c6c6f 00000005 776f726c64 00000005 616761696e", "length", " (kafka, pulsar, …)", "hex"},
		{"00000005 68656c6c6f\r\n00000005 776f726c64\r\n00000005 616761696e", "length", " (kafka, pulsar, …)", "hex"},
		{"hello\r\nworld\r\nagain\r\n", "crlf", " (ndjson, smtp, …)", "text"}, // a textarea has no \r
	} {
		b = desktop(t, nil)
		b.paste(c.pasted) // in the place of the sample
		b.want("guess", b.text("#guesses button"), c.guess+c.protocols)
		b.click("#guesses button")
		b.want("payloads", b.payloads(), `"hello" "world" "again"`)
		var got string
		b.js(&got, `return document.querySelector("[name=mode]:checked").value + ": " + document.getElementById("input").value`)
		want := c.pasted
		if c.mode == "text" {
			want = strings.ReplaceAll(want, "\r", `\r`)
		}
		b.want("input", got, c.mode+": "+strings.ReplaceAll(want, "\r", ""))
		b.want("spec", b.text("#spec-text"), c.guess)
		b.want("guesses", b.text("#guesses[hidden] button"), c.guess+c.protocols)
		b.want("pieces", strings.SplitN(b.text("#pieces"), " in ", 2)[1], "3 pieces.")
	}

	// In Text, \r is an escape, wherever it is pasted.
	b = desktop(t, url.Values{"spec": {"nothing"}, "mode": {"text"}, "input": {"hello\\r\n"}})
	b.js(nil, `const input = document.getElementById("input"); input.focus(); input.setSelectionRange(9, 9)`)
	b.paste("world\r\nagain\r\n" + strings.Repeat("hello\r\n", 9))
	var got string
	b.js(&got, `return document.getElementById("input").value`)
	b.want("input", got, "hello\\r\nworld\\r\nagain\\r\n"+strings.Repeat("hello\\r\n", 9))
}

func copying(t *testing.T) {
	b := desktop(t, url.Values{"spec": {"delimiter,check=crc32,text=;"}, "max": {"64KiB"}})
	program := b.text("#program")
	for _, part := range []string{"package main\n", "checksum.Wrap(inner, checksum.CRC32)", "MaxPayload: 64 << 10,"} {
		if !strings.Contains(program, part) {
			t.Errorf("the program has no %s: %s", part, program)
		}
	}
	b.js(nil, "window.clipboard = navigator.clipboard")
	wanted := map[string]string{
		"spec-text": "delimiter,text=;,check=crc32",
		"program":   program,
		"link":      page + "#spec=delimiter%2Ccheck%3Dcrc32%2Ctext%3D%3B&mode=messages&input=hello%0Aworld%0Aagain&max=64KiB&cuts=5%2C15",
	}
	for _, where := range []string{"secure", "not secure"} {
		for what, want := range wanted {
			b.click(fmt.Sprintf("[data-copy=%q]", what))
			b.until(`return document.getElementById("copied").textContent === "Copied"`)
			var got string
			b.js(&got, "return clipboard.readText()")
			b.want(what+", "+where, got, want)
			b.js(&got, "return document.activeElement.dataset.copy")
			b.want("focus", got, what)
			b.js(nil, `document.getElementById("copied").textContent = ""; return clipboard.writeText("")`)
		}
		// As in a page of a plain HTTP server on another host.
		b.js(nil, `Object.defineProperty(navigator, "clipboard", { value: undefined })`)
	}
}

// The link of a page shows the same in another.
func link(t *testing.T) {
	b := desktop(t, nil)
	b.pick("cobs")
	b.write("#input", `\x00&#%+ é`+"\n")
	b.write("#max", "64KiB")
	b.click(`[data-gap="2"]`)
	b.click(`[data-gap="5"]`)
	b.click("#back")
	b.click("#end")
	state := func(b *browser) string {
		var s string
		b.js(&s, `return [document.getElementById("app").innerText, ...Array.from(document.querySelectorAll("input, select, textarea"), (e) => e.type + e.value + e.checked)].join("\n")`)
		return s
	}
	before := state(b)
	var address string
	b.until(`return location.hash.endsWith("&end=")`)
	b.js(&address, "return location.href")
	b = chrome.open(t, address, desktopWidth, 900)
	if after := state(b); after != before {
		t.Errorf("the link shows\n%s\nand not\n%s", after, before)
	}
	b.want("bytes", b.kinds(), "iiiiiccccc")

	// While the spec is wrong and there are no bytes, the cuts are still in the link.
	for _, cuts := range []string{"3,9", "each"} {
		b = desktop(t, url.Values{"cuts": {cuts}, "arrived": {"1"}})
		pieces := b.text("#pieces")
		b.write("#spec", "nothing")
		b.want("no bytes", b.text("#pieces"), "")
		b.until(`return location.hash.startsWith("#spec=nothing&")`)
		b.js(&address, "return location.href")
		b = chrome.open(t, address, desktopWidth, 900)
		b.write("#spec", "line")
		b.want("pieces", b.text("#pieces"), pieces)
	}

	// A browser may refuse to change the address so often. The page works, and copies its link.
	b = desktop(t, nil)
	b.js(nil, `window.refused = 0; window.written = history.replaceState;
		history.replaceState = () => { window.refused++; throw new DOMException("too often", "SecurityError"); }`)
	b.pick("cobs")
	keys := strings.Repeat("many keys ", 20)
	b.js(nil, `const input = document.getElementById("input");
		input.value = "";
		for (const key of arguments[0]) {
			input.value += key;
			input.dispatchEvent(new Event("input", { bubbles: true }));
		}`, keys)
	b.until("return refused > 0")
	var refused int
	if b.js(&refused, "return refused"); refused > 2 { // the menu's, and that of all keys
		t.Errorf("the address was changed %d times for %d keys", refused, len(keys))
	}
	b.want("payloads", b.payloads(), `"`+keys+`"`)
	before = state(b)
	b.click(`[data-copy="link"]`)
	b.until(`return document.getElementById("copied").textContent === "Copied"`)
	b.js(&address, "return navigator.clipboard.readText()")
	b = chrome.open(t, address, desktopWidth, 900)
	if after := state(b); after != before {
		t.Errorf("the link %s shows\n%s\nand not\n%s", address, after, before)
	}

	// A link that is followed in an open page does the same.
	b.js(nil, `location.hash = "#spec=crlf&mode=text&input=a%5Cr%5Cnb"`)
	b.until(`return document.getElementById("spec").value === "crlf"`)
	b.want("payloads", b.payloads(), `"a"`)

	// A carriage return of a link is shown as an escape, and stays when something is typed.
	b = chrome.open(t, page+"#spec=crlf&mode=text&input=a%0D%0A", desktopWidth, 900)
	b.js(nil, `document.getElementById("input").focus()`)
	b.control(end)
	b.press("b")
	b.js(&address, `return document.getElementById("input").value`)
	b.want("input", address, "a\\r\nb")
	b.want("payloads", b.payloads(), `"a"`)

	// Invalid values of a link are ignored.
	b = chrome.open(t, page+"#spec=line&mode=toString&input=a%0Ab&cuts=1e300,-1,x,2&arrived=99999999999999999999", desktopWidth, 900)
	b.want("payloads", b.payloads(), `"a" "b"`)
	b.want("pieces", b.text("#pieces"), "4 bytes in 2 pieces.")
}

// The keyboard alone reaches every control and does all that is to be done.
func keyboard(t *testing.T) {
	b := desktop(t, nil)
	b.click("h1")
	var missing []string
	b.js(nil, `window.unreached = new Set(Array.from(document.querySelectorAll("#app :is(select, input:not([type=radio]), textarea, button:not(.gap), summary)"))
		.filter((e) => e.checkVisibility()))`)
	focus := func() (name string) {
		b.js(&name, `const e = document.activeElement; unreached.delete(e);
			const seen = getComputedStyle(e); if (e !== document.body && (seen.outlineStyle === "none" || parseFloat(seen.outlineWidth) < 2)) throw new Error("no ring: " + e.outerHTML);
			return e.id || e.name || e.href || e.dataset.index || e.className + (e.dataset.copy ?? "") + (e.dataset.gap ?? "") || e.localName`)
		return name
	}
	var order []string
	for range 60 {
		b.press(tab)
		name := focus()
		if name == "body" || len(order) > 0 && name == order[0] {
			break
		}
		order = append(order, name)
	}
	b.js(&missing, "return Array.from(unreached, (e) => e.outerHTML)")
	if len(missing) > 0 {
		t.Errorf("by Tab (%v) nobody reaches %q", order, missing)
	}
	if gaps := len(slices.DeleteFunc(slices.Clone(order), func(s string) bool { return !strings.HasPrefix(s, "gap") })); gaps != 1 {
		t.Errorf("the wire takes %d steps of Tab: %v", gaps, order)
	}

	b.js(nil, `document.getElementById("menu").focus()`)
	b.press("n", "e") // netstring
	b.want("spec", b.text("#spec-text"), "netstring")
	b.js(nil, `document.getElementById("last").focus()`)
	b.js(nil, `document.getElementById("cut-none").click()`)
	b.press(tab)
	var gap string
	b.js(&gap, "return document.activeElement.dataset.gap")
	b.want("the gap that Tab reaches", gap, "1")
	b.press(right, right, enter)
	b.want("cut at 3", b.text("#pieces"), "24 bytes in 2 pieces.")
	b.press(left, space)
	b.want("cut at 2", b.text("#pieces"), "24 bytes in 3 pieces.")
	b.press(space)
	b.want("joined at 2", b.text("#pieces"), "24 bytes in 2 pieces.")
	b.press(end, enter)
	b.want("cut at 23", b.text("#pieces"), "24 bytes in 3 pieces.")
	b.press(home, left, enter)
	b.want("cut at 1", b.text("#pieces"), "24 bytes in 4 pieces.")
	b.wantCuts("all of these", 1, 3, 23)
	b.shift(right, right)
	b.wantCuts("moved no further than to the next", 2, 3, 23)
	b.shift(left, left)
	b.press(enter)
	b.wantCuts("moved and joined", 3, 23)

	// In rows, up and down lead to the gap above and below.
	b = chrome.open(t, page+"#cuts=each", phoneWidth, 740)
	b.js(nil, `document.querySelector('[data-gap="1"]').focus()`)
	where := func() (box struct{ X, Y float64 }) {
		b.js(&box, "return document.activeElement.getBoundingClientRect()")
		return box
	}
	first := where()
	b.press(down)
	second := where()
	b.press(up)
	if third := where(); second.Y <= first.Y || math.Abs(second.X-first.X) > 40 || third != first {
		t.Errorf("down and up lead from %v to %v and %v", first, second, third)
	}
}

// Screen readers are told what has changed, once, and what is focused.
func screenReader(t *testing.T) {
	b := desktop(t, url.Values{"input": {"hello\n\\q\nworld\n"}})
	b.js(nil, `window.changes = 0;
		for (const e of document.querySelectorAll("[role=alert]")) new MutationObserver((all) => { changes += all.length; }).observe(e, { childList: true, subtree: true });
		window.live = [];
		const summary = document.getElementById("summary");
		new MutationObserver(() => live.push(summary.getAttribute("aria-live"))).observe(summary, { childList: true });`)
	changes := func() (n int) {
		b.js(&n, "return changes")
		return n
	}
	for _, id := range []string{"cut-each", "first", "end"} {
		b.click("#" + id)
	}
	if n := changes(); n > 0 {
		t.Errorf("the same fault is told %d times again", n)
	}
	b.write("#input", "\\z")
	if changes() == 0 {
		t.Error("another fault is not told")
	}

	b.write("#input", "hello\nworld\n")
	b.click("#cut-none")
	b.click(`[data-gap="6"]`)
	b.click(`[data-gap="9"]`)
	b.js(nil, "live.length = 0")
	b.click("#run")
	b.until(`return document.getElementById("run").ariaPressed === "false"`)
	var live []string
	b.js(&live, "return live")
	b.want("live while the pieces arrive", strings.Join(live, " "), "off off off polite")

	for _, c := range []struct{ selector, role, label string }{
		{"#results", "list", ""},
		{"#results li", "listitem", `Frame 1, "hello", 6 bytes at offset 0, arrived with piece 1`},
		{"pre", "region", "The program"},
	} {
		var role, label string
		b.ask("GET", b.element(c.selector)+"/computedrole", nil, &role)
		b.ask("GET", b.element(c.selector)+"/computedlabel", nil, &label)
		b.want(c.selector, role+": "+label, c.role+": "+c.label)
	}
}

// On a phone, a tablet and a desktop nothing is wider than the screen, and what is
// touched is large enough (WCAG 2.2, 2.5.8: 24 CSS pixels, or as much distance).
func widths(t *testing.T) {
	for _, state := range []url.Values{
		nil,
		{"spec": {"length,width=2,order=little,offset=1,adjust=-1,includes-header,strip=4,magic=cafe"}, "cuts": {"each"}},
		{"spec": {"netstring"}, "mode": {"text"}, "input": {strings.Repeat("wide", 40)}, "end": {""}},
		{"spec": {strings.Repeat("nothing", 20)}, "max": {strings.Repeat("9", 99)}, "input": {strings.Repeat(`\q`, 90)}},
		{"spec": {"delimiter,text=" + strings.Repeat("long", 20) + ",keep"}, "mode": {"hex"}, "input": {strings.Repeat("61", 300)}},
	} {
		b := chrome.open(t, page+"#"+state.Encode(), phoneWidth, 740)
		for _, size := range []int{phoneWidth, tabletWidth, desktopWidth} {
			b.resize(size, 740)
			b.js(nil, `document.getElementById("keys").open = true`)
			var wide []string
			b.js(&wide, `return Array.from(document.querySelectorAll("body *"))
			.filter((e) => e.checkVisibility() && !e.closest(".visually-hidden, pre") && e.getBoundingClientRect().right > innerWidth + 0.5).map((e) => e.outerHTML.slice(0, 100))`)
			if len(wide) > 0 {
				t.Errorf("%v: wider than a screen of %d: %q", state, size, wide)
			}
			var width int
			if b.js(&width, "return document.documentElement.scrollWidth"); width > size {
				t.Errorf("%v: the page is %d pixels wide", state, width)
			}
			var small []string
			b.js(&small, `return Array.from(document.querySelectorAll("button:not(.gap), input, select, textarea, summary"))
			.map((e) => e.closest("label") ?? e).filter((e) => e.checkVisibility() && e.getBoundingClientRect().height < 24).map((e) => e.outerHTML)`)
			if len(small) > 0 {
				t.Errorf("%v: too small to touch: %q", state, small)
			}
		}
	}
}

// On a phone, all of the wire of the sample is on the first screen.
func firstScreen(t *testing.T) {
	b := chrome.open(t, page, phoneWidth, 740)
	var bottom float64
	b.js(&bottom, `return document.querySelector("#wire").getBoundingClientRect().bottom`)
	if bottom > 740 {
		t.Errorf("the wire ends at %v", bottom)
	}
}

// Text has a contrast of 4.5 at least, in both schemes (WCAG 2.2, 1.4.3), and
// the borders of controls one of 3 (1.4.11).
func contrast(t *testing.T) {
	b := desktop(t, url.Values{"spec": {"slip"}, "mode": {"hex"}, "input": {"6161dbdc61c0 c0 db21c0 61"}})
	for _, scheme := range []string{"light", "dark"} {
		b.media(scheme)
		for _, state := range []string{"", "spec=netstring&mode=text&input=1:a,x&arrived=1&cuts=7,8", "spec=length&mode=hex&input=00000001610000&end=", "spec=nothing&max=x"} {
			if state != "" {
				b.js(nil, "location.hash = arguments[0]", "#"+state)
				b.until(fmt.Sprintf("return document.getElementById('spec').value === %q", strings.TrimPrefix(strings.Split(state, "&")[0], "spec=")))
			}
			var poor []json.RawMessage
			b.js(&poor, contrastScript)
			for _, p := range poor {
				t.Errorf("%s: %s", scheme, p)
			}
		}
		b.js(nil, "location.hash = '#spec=slip&mode=hex&input=6161dbdc61c0c0db21c061'")
	}
}

const contrastScript = `
const rgb = (s) => s.match(/[\d.]+/g).map(Number);
const light = (c) => c.slice(0, 3).map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4).reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };
const behind = (e) => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] === 1) return c; } return [255, 255, 255]; };
const poor = [];
for (const e of document.querySelectorAll("body *")) {
	if (!e.checkVisibility() || e.ariaDisabled === "true" || e.matches(".visually-hidden, option")) continue;
	const style = getComputedStyle(e);
	if (Array.from(e.childNodes).some((n) => n.nodeType === 3 && n.data.trim())) {
		const r = ratio(rgb(style.color), behind(e));
		if (r < 4.5) poor.push([r, e.outerHTML.slice(0, 120)]);
	}
	if (e.matches("button:not(.gap), input, select, textarea")) {
		const r = ratio(rgb(style.borderTopColor), behind(e.parentElement));
		if (r < 3 && !e.matches("[type=radio], [type=checkbox]")) poor.push(["border", r, e.outerHTML.slice(0, 120)]);
	}
}
return poor;`

// Typed text is shown as text, never read as HTML.
func hostileText(t *testing.T) {
	bad := `<img src=x onerror=document.title=1>`
	b := desktop(t, url.Values{"spec": {"line"}, "input": {bad + "\n" + bad + `\q`}, "max": {bad}})
	b.write("#max", "")
	b.want("payloads", b.payloads(), `"`+bad+`"`)
	b.write("#spec", bad)
	var images int
	if b.js(&images, "return document.images.length"); images > 0 {
		t.Error("an image was made of text")
	}
	b.want("title", b.text("title"), "wholeframe playground")
}

// What -o writes is the page for any server, also for one that knows no types.
func static(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "site")
	c := exec.Command("go", "run", "./docs/playground", "-o", dir)
	c.Dir = "../.."
	if out, err := c.CombinedOutput(); err != nil || string(out) != "wrote 6 files to "+dir+"\n" {
		t.Fatalf("%v: %s", err, out)
	}
	files := http.FileServer(http.Dir(dir))
	s := httptest.NewServer(http.StripPrefix("/some/where", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, ".wasm") {
			w.Header().Set("Content-Type", "application/octet-stream")
		}
		files.ServeHTTP(w, r)
	})))
	defer s.Close()
	b := chrome.open(t, s.URL+"/some/where/", desktopWidth, 900)
	b.want("payloads", b.payloads(), `"hello" "world" "again"`)
}
