package play

import "github.com/wholeframe/wholeframe/framing/guess"

// A Guess is a framing that what was pasted may have.
type Guess struct {
	Mode Mode   `json:"mode"` // Hex if it is hexadecimal, else Text
	Spec string `json:"spec"`
	Why  string `json:"why"`
}

// minGuess is the least number of bytes that are guessed: fewer fit too many framings.
const minGuess = 8

// Guesses returns the likeliest framings of what was pasted, the best first.
func Guesses(input string) []Guess {
	valid := true
	fault := func(int, int, error) { valid = false }
	mode, stream := Hex, unhex(input, fault)
	if !valid || len(stream) < minGuess {
		valid = true
		mode, stream = Text, unquote(input, fault)
	}
	all := []Guess{}
	if !valid || len(stream) < minGuess {
		return all
	}
	for _, g := range guess.Specs(stream) {
		all = append(all, Guess{mode, g.Spec, g.Why})
	}
	return all
}
