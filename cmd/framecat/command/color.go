package command

import (
	"io"
	"os"

	"golang.org/x/term"

	"github.com/wholeframe/wholeframe/framing/dissect"
)

// colors are what -x shows each kind in: the parameters of SGR, the control
// sequence that sets colours (ECMA-48).
var colors = [...]string{
	dissect.Header:     "36", // cyan
	dissect.Payload:    "32", // green
	dissect.Stuffing:   "35", // magenta
	dissect.Trailer:    "33", // yellow
	dissect.Fill:       "2",  // faint
	dissect.Incomplete: "2",
	dissect.Skipped:    "31", // red
	dissect.Lost:       "31",
}

const plainText = "\x1b[0m"

// A painter colours text, or leaves it as it is.
type painter bool

func (p painter) paint(text string, k dissect.Kind) string {
	if !p {
		return text
	}
	return "\x1b[" + colors[k] + "m" + text + plainText
}

// painter returns what colours standard output. https://no-color.org says what
// NO_COLOR means.
func (o *options) painter(stdout io.Writer) painter {
	switch o.color {
	case "always":
		return true
	case "never":
		return false
	}
	return painter(isTerminal(stdout) && os.Getenv("NO_COLOR") == "")
}

// isTerminal reports whether w is one that takes control sequences.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && os.Getenv("TERM") != "dumb" && term.IsTerminal(int(f.Fd()))
}
