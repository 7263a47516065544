package play

import "github.com/wholeframe/wholeframe/framing/guess"

// A Guess is a framing that pasted text may have.
type Guess struct {
	Mode      Mode     `json:"mode"` // how the text is read: Hex, or else Text
	Spec      string   `json:"spec"`
	Protocols []string `json:"protocols"` // the presets that split the bytes at the same places
	Why       string   `json:"why"`
}

const (
	minGuess = 8       // bytes: fewer fit too many framings
	maxGuess = 4 << 10 // bytes that are examined: the page does not respond meanwhile
)

// Guesses returns the likeliest framings of pasted text, the best first. Text that
// can be read as hexadecimal is read as it is if the bytes have no likely framing.
func Guesses(input string) []Guess {
	for _, n := range []struct {
		mode Mode
		read func(s string, fault func(start, end int, err error)) []byte
	}{{Hex, unhex}, {Text, unquote}} {
		valid := true
		stream := n.read(input, func(int, int, error) { valid = false })
		if !valid || len(stream) < minGuess {
			continue
		}
		var all []Guess
		for _, g := range guess.Specs(stream[:min(len(stream), maxGuess)]) {
			all = append(all, Guess{n.mode, g.Spec, append([]string{}, g.Protocols...), g.Why})
		}
		if all != nil {
			return all
		}
	}
	return []Guess{}
}
