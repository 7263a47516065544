package command

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/wholeframe/wholeframe/framing/guess"
)

var guessMode = &mode{
	flag:     "guess",
	examples: []example{{"-guess < FILE", "find the framing of a stream"}},
	noTarget: "reads standard input, or -file FILE",
	groups:   []*group{outputFlags, inputFlags, guessFlags},
	run:      guessFraming,
}

var guessFlags = &group{"Guessing", func(f *flag.FlagSet, o *options) {
	f.Bool("guess", false, "find the framings that standard input, or -file, may have: it must begin with a message")
}}

// A guessed is a guess as -json prints it.
type guessed struct {
	Spec      string   `json:"spec"`
	Protocols []string `json:"protocols,omitempty"`
	Bits      float64  `json:"bits"`
	Why       string   `json:"why"`
	First     []record `json:"first"`
}

// guessFraming prints the likeliest framings of the input, the best first.
func guessFraming(ctx context.Context, j *job) error {
	read := make(chan error, 1)
	var sample []byte
	go func() {
		src, closeInput, err := j.input(j.stdin)
		if err == nil {
			defer closeInput()
			sample, err = io.ReadAll(io.LimitReader(src, guess.MaxSample+1))
		}
		read <- err
	}()
	select {
	case <-ctx.Done():
		return errInterrupted
	case err := <-read:
		if err != nil {
			return err
		}
	}
	guesses := guess.Specs(sample)
	if len(guesses) == 0 {
		return errors.New("no framing is likelier than arbitrary bytes: give more of the stream, from the beginning of a message")
	}
	for _, g := range guesses {
		if j.quiet {
			break
		}
		if _, err := j.out.Write(j.guessed(g)); err != nil {
			return err
		}
	}
	return nil
}

// guessed returns the lines about a guess.
func (j *job) guessed(g guess.Guess) []byte {
	if j.json {
		as := guessed{Spec: g.Spec, Protocols: g.Protocols, Bits: g.Bits, Why: g.Why}
		for i, payload := range g.First {
			as.First = append(as.First, newRecord(time.Time{}, 0, nobody, i+1, payload))
		}
		return appendJSON(nil, as)
	}
	var b bytes.Buffer
	b.WriteString(g.Spec)
	if len(g.Protocols) > 0 {
		fmt.Fprintf(&b, " (%s)", strings.Join(g.Protocols, ", "))
	}
	fmt.Fprintf(&b, "\n%s%s\n", indent, g.Why)
	for i, payload := range g.First {
		const most = 50
		fmt.Fprintf(&b, "%smessage %d, %s", indent, i+1, bytesOf(len(payload)))
		if len(payload) > 0 {
			fmt.Fprintf(&b, ": %s", quoted.append(nil, payload[:min(most, len(payload))]))
		}
		if rest := len(payload) - most; rest > 0 {
			fmt.Fprintf(&b, " ... and %s more", bytesOf(rest))
		}
		b.WriteString("\n")
	}
	return b.Bytes()
}
