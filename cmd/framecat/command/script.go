package command

import (
	"bytes"
	"errors"
	"fmt"
	"os"
)

// A script is what a load sends on each connection, and what it expects.
type script struct {
	size   int      // of the messages that are made up, if there are no lines
	lines  [][]byte // that are sent in turn
	expect string   // "echo", "reply", "any" or "none"; "" if replies are given
	answer [][]byte // that are expected in turn
}

// script returns the script that the flags describe, whose messages the framing can
// carry.
func (j *job) script() (s *script, err error) {
	s = &script{size: int(j.load.size), expect: j.load.expect}
	switch s.expect {
	case "echo", "reply", "any", "none":
	default:
		if s.answer, err = j.lines("-expect", s.expect); err != nil {
			return nil, err
		}
		s.expect = ""
	}
	if j.load.send == "" {
		if _, err := j.frame(nil, message{payload: s.message(nil, 0), source: "-size " + j.load.size.String()}); err != nil {
			return nil, fmt.Errorf("%w; -send FILE sends messages of your own", err)
		}
		return s, nil
	}
	if s.lines, err = j.lines("-send", j.load.send); err != nil {
		return nil, err
	}
	for i, line := range s.lines {
		if _, err := j.frame(nil, message{payload: line, source: j.load.send + ": " + j.source(i+1), size: len(line)}); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// lines returns the lines of the file that a flag names.
func (j *job) lines(flag, file string) (all [][]byte, err error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", flag, err)
	}
	defer f.Close()
	for m, err := range j.messages(f) {
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", flag, file, err)
		}
		if len(all) == most {
			return nil, fmt.Errorf("%s %s: more than %d messages", flag, file, most)
		}
		all = append(all, bytes.Clone(m.payload))
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s %s: it has no message", flag, file)
	}
	return all, nil
}

// message appends message i to dst: a line, or letters, which every framing carries, that
// begin with the number.
func (s *script) message(dst []byte, i int) []byte {
	if len(s.lines) > 0 {
		return append(dst, s.lines[i%len(s.lines)]...)
	}
	number := i
	for j := range s.size {
		c := byte('a' + (i+j)%26)
		if j < 8 {
			c = byte('a' + number%26)
			number /= 26
		}
		dst = append(dst, c)
	}
	return dst
}

// answers reports whether each message has a reply.
func (s *script) answers() bool { return s.expect != "any" && s.expect != "none" }

var (
	errNotEcho   = errors.New("a reply is not the message that was sent")
	errNotAnswer = errors.New("a reply is not the one that -expect has")
)

// check returns an error if got is not the reply to message i. scratch is for its use.
func (s *script) check(i int, got []byte, scratch *[]byte) error {
	switch {
	case s.expect == "echo":
		if *scratch = s.message((*scratch)[:0], i); !bytes.Equal(got, *scratch) {
			return errNotEcho
		}
	case len(s.answer) > 0 && !bytes.Equal(got, s.answer[i%len(s.answer)]):
		return errNotAnswer
	}
	return nil
}
