package playground

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os/exec"
	"regexp"
	"testing"
	"time"
)

// A browser is a session of chromedriver, and the test that it serves.
type browser struct {
	t      *testing.T
	url    string // of the session
	motion string // what its user prefers: reduce, or no-preference
}

var driverPort = regexp.MustCompile(`on port (\d+)\.`)

// startBrowser starts chromedriver and a browser, and returns its session.
func startBrowser(t *testing.T) *browser {
	t.Helper()
	c := exec.Command("chromedriver", "--port=0")
	stdout, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Process.Kill(); err != nil {
			t.Error(err)
		}
		_ = c.Wait() // killed
	})
	b := &browser{t: t, motion: "reduce"}
	for lines := bufio.NewScanner(stdout); b.url == "" && lines.Scan(); {
		if m := driverPort.FindStringSubmatch(lines.Text()); m != nil {
			b.url = "http://127.0.0.1:" + m[1] + "/session"
		}
	}
	if b.url == "" {
		t.Fatal("chromedriver names no port")
	}
	go func() { _, _ = io.Copy(io.Discard, stdout) }()

	var session struct{ SessionID string }
	b.ask("POST", "", map[string]any{"capabilities": map[string]any{"alwaysMatch": map[string]any{
		"goog:chromeOptions": map[string]any{"args": []string{
			"--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--hide-scrollbars",
		}},
		"goog:loggingPrefs": map[string]string{"browser": "ALL"},
	}}}, &session)
	b.url += "/" + session.SessionID
	t.Cleanup(func() { b.ask("DELETE", "", nil, nil) })
	b.cdp("Browser.grantPermissions", map[string]any{"permissions": []string{"clipboardReadWrite", "clipboardSanitizedWrite"}})
	return b
}

// open loads the playground as at does, and waits until its library runs.
func (b *browser) open(t *testing.T, page string, width, height int) *browser {
	t.Helper()
	b = b.at(t, page, width, height)
	b.until("return !document.getElementById('app').hidden")
	return b
}

// at loads a page in a window of that size. What is wrong on the console fails the
// test when it ends.
func (b *browser) at(t *testing.T, page string, width, height int) *browser {
	t.Helper()
	b = &browser{t, b.url, b.motion}
	b.resize(width, height)
	b.media("light")
	b.ask("POST", "/url", map[string]string{"url": "about:blank"}, nil) // another fragment alone would not load it anew
	b.ask("POST", "/url", map[string]string{"url": page}, nil)
	t.Cleanup(b.quiet)
	return b
}

// resize makes the window that large.
func (b *browser) resize(width, height int) {
	b.t.Helper()
	b.cdp("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600})
}

// media sets the colour scheme that the user prefers.
func (b *browser) media(scheme string) {
	b.t.Helper()
	b.cdp("Emulation.setEmulatedMedia", map[string]any{"features": []any{
		map[string]string{"name": "prefers-color-scheme", "value": scheme}, map[string]string{"name": "prefers-reduced-motion", "value": b.motion},
	}})
}

// ask sends a request of the session and stores the answer's value.
func (b *browser) ask(method, path string, body, value any) {
	b.t.Helper()
	if body == nil {
		body = struct{}{}
	}
	sent, err := json.Marshal(body)
	if err != nil {
		b.t.Fatal(err)
	}
	q, err := http.NewRequest(method, b.url+path, bytes.NewReader(sent))
	if err != nil {
		b.t.Fatal(err)
	}
	r, err := http.DefaultClient.Do(q)
	if err != nil {
		b.t.Fatal(err)
	}
	defer r.Body.Close()
	answer, err := io.ReadAll(r.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	if r.StatusCode != http.StatusOK {
		b.t.Fatalf("%s %s: %s: %.1000s", method, path, r.Status, answer)
	}
	if value != nil {
		if err := json.Unmarshal(answer, &struct{ Value any }{value}); err != nil {
			b.t.Fatalf("%s %s: %v: %.1000s", method, path, err, answer)
		}
	}
}

// cdp sends a command of the browser's own protocol.
func (b *browser) cdp(command string, params any) {
	b.t.Helper()
	b.ask("POST", "/goog/cdp/execute", map[string]any{"cmd": command, "params": params}, nil)
}

// js runs the body of a function in the page and stores what it returns.
func (b *browser) js(value any, body string, args ...any) {
	b.t.Helper()
	if args == nil {
		args = []any{}
	}
	b.ask("POST", "/execute/sync", map[string]any{"script": body, "args": args}, value)
}

// until waits until the body of a function returns true.
func (b *browser) until(body string) {
	b.t.Helper()
	deadline := time.Now().Add(time.Minute)
	for ok := false; !ok; {
		if time.Now().After(deadline) {
			b.t.Fatalf("in vain: %s", body)
		}
		b.js(&ok, body)
	}
}

// text returns the text of the first element that a selector finds.
func (b *browser) text(selector string) (s string) {
	b.t.Helper()
	b.js(&s, "return document.querySelector(arguments[0]).textContent", selector)
	return s
}

// texts returns the texts of all elements that a selector finds.
func (b *browser) texts(selector string) (s []string) {
	b.t.Helper()
	b.js(&s, "return Array.from(document.querySelectorAll(arguments[0]), (e) => e.textContent)", selector)
	return s
}

// webElement is the key of an element in what WebDriver sends and takes.
const webElement = "element-6066-11e4-a52e-4f735466cecf"

func (b *browser) element(selector string) string {
	b.t.Helper()
	var found map[string]string
	b.ask("POST", "/element", map[string]string{"using": "css selector", "value": selector}, &found)
	return "/element/" + found[webElement]
}

// click clicks on an element, which must be in sight.
func (b *browser) click(selector string) {
	b.t.Helper()
	b.ask("POST", b.element(selector)+"/click", nil, nil)
}

// write replaces what a field holds.
func (b *browser) write(selector, text string) {
	b.t.Helper()
	e := b.element(selector)
	b.ask("POST", e+"/clear", nil, nil)
	b.js(nil, "document.querySelector(arguments[0]).dispatchEvent(new Event('input', { bubbles: true }))", selector)
	b.ask("POST", e+"/value", map[string]string{"text": text}, nil)
}

// Keys, as WebDriver writes them.
const (
	tab    = "\ue004"
	enter  = "\ue007"
	escape = "\ue00c"
	space  = " "
	left   = "\ue012"
	up     = "\ue013"
	right  = "\ue014"
	down   = "\ue015"
	home   = "\ue011"
	end    = "\ue010"
)

// press presses keys, one after the other, where the focus is.
func (b *browser) press(keys ...string) {
	b.t.Helper()
	b.pressWith("", keys)
}

// shift presses keys while the shift key is down.
func (b *browser) shift(keys ...string) {
	b.t.Helper()
	b.pressWith("\ue008", keys)
}

// control presses keys while the control key is down.
func (b *browser) control(keys ...string) {
	b.t.Helper()
	b.pressWith("\ue009", keys)
}

func (b *browser) pressWith(modifier string, keys []string) {
	b.t.Helper()
	var actions []map[string]string
	if modifier != "" {
		actions = append(actions, map[string]string{"type": "keyDown", "value": modifier})
		defer b.ask("DELETE", "/actions", nil, nil) // releases it
	}
	for _, k := range keys {
		actions = append(actions, map[string]string{"type": "keyDown", "value": k}, map[string]string{"type": "keyUp", "value": k})
	}
	b.ask("POST", "/actions", map[string]any{"actions": []any{map[string]any{"type": "key", "id": "keyboard", "actions": actions}}}, nil)
}

// quiet fails the test if the console has a warning or an error.
func (b *browser) quiet() {
	b.t.Helper()
	var log []struct{ Level, Message string }
	b.ask("POST", "/se/log", map[string]string{"type": "browser"}, &log)
	for _, entry := range log {
		if entry.Level == "SEVERE" || entry.Level == "WARNING" {
			b.t.Errorf("console: %s: %s", entry.Level, entry.Message)
		}
	}
}
