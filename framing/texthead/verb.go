package texthead

import (
	"fmt"
	"math"

	"github.com/wholeframe/wholeframe/framing/internal/decimal"
	"github.com/wholeframe/wholeframe/framing/internal/plural"
)

// A verb is the first word of a line that announces the size of a body.
type verb struct {
	name        string
	least, most int // words in the line
	size        int // the word that is the size, from 0; last: the last one
}

const last = -1

var natsVerbs = []verb{
	{"PUB", 3, 4, last},
	{"HPUB", 4, 5, last},
	{"MSG", 4, 5, last},
	{"HMSG", 5, 6, last},
}

var memcachedVerbs = []verb{
	{"set", 5, 6, 4},
	{"add", 5, 6, 4},
	{"replace", 5, 6, 4},
	{"append", 5, 6, 4},
	{"prepend", 5, 6, 4},
	{"cas", 6, 7, 4},
	{"ms", 3, math.MaxInt, 2},
	{"VALUE", 4, 5, 3},
	{"VA", 2, math.MaxInt, 1},
}

// size returns where in line the size of the body is, or 0 if line announces none.
func (f *Framer) size(line []byte) (digits int, err error) {
	name := line[:word(line)]
	if isBlank(line[len(line)-2]) && len(name)+blanks(line[len(name):]) == len(line)-1 {
		return 0, errBlankLF
	}
	for _, v := range f.verbs {
		if string(name) != v.name && !f.folds(name, v.name) {
			continue
		}
		words, at := 1, len(name)
		for {
			at += blanks(line[at:])
			n := word(line[at:])
			if n == 0 {
				break
			}
			if words == v.size || v.size == last {
				digits = at
			}
			words++
			at += n
		}
		switch {
		case words < v.least:
			return 0, fmt.Errorf("malformed head: %s with %s, want %d or more", v.name, plural.Of(words, "word"), v.least)
		case words > v.most:
			return 0, fmt.Errorf("malformed head: %s with %s, want %d or fewer", v.name, plural.Of(words, "word"), v.most)
		}
		n, err := number(line[digits:])
		if err == nil && n != word(line[digits:]) {
			err = badDigit(line[digits+n])
		}
		return digits, err
	}
	return 0, nil
}

// number returns how many digits data begins with, or an error if they are not a length.
func number(data []byte) (digits int, err error) {
	_, n, err := decimal.Parse(data)
	switch {
	case err == decimal.ErrRange:
		return 0, decimal.TooLarge(0, MaxHead)
	case err == nil && n == 0:
		return 0, fmt.Errorf("malformed length: got %s, want a digit", decimal.Quote(data[0]))
	}
	return n, err
}

// badDigit returns the error for c after digits.
func badDigit(c byte) error {
	return fmt.Errorf("malformed length: got %s after digits, want the end of the word", decimal.Quote(c))
}

// word returns the size of the word that line begins with.
func word(line []byte) (n int) {
	for n < len(line) && !isBlank(line[n]) && line[n] != '\r' && line[n] != '\n' {
		n++
	}
	return n
}

// blanks returns how many blanks data begins with.
func blanks(data []byte) (n int) {
	for n < len(data) && isBlank(data[n]) {
		n++
	}
	return n
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }
