package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
)

// A group is a file of cases.
type group struct {
	Number    int         `json:"group"`
	Name      string      `json:"name"`
	About     string      `json:"about"`
	Malformed []octets    `json:"malformed"` // beginnings of frames that some framing does not allow
	Cases     []*testCase `json:"cases"`
}

// A testCase is a case: a rule, and the steps that try it.
type testCase struct {
	Number string   `json:"number"` // "3.2"; a number keeps its meaning for all time
	Rule   string   `json:"rule"`   // what is promised, in one sentence
	Means  string   `json:"means"`  // what the rule prevents: what a user would see of a server that breaks it
	Needs  []string `json:"needs"`
	For    *sweep   `json:"for"`
	Info   bool     `json:"info"` // no rule of framing: the case cannot fail
	Steps  []step   `json:"steps"`

	group *group
}

// A sweep is the values of n for which the steps of a case are played.
type sweep struct {
	Values []int  // these, also given as {"from": 0, "to": 127}
	Over   string // or "cut": each inner position of the first send; "frame": each of its last frame; "malformed": the malformed bytes of the group
}

// UnmarshalJSON implements [json.Unmarshaler].
func (s *sweep) UnmarshalJSON(b []byte) error {
	if json.Unmarshal(b, &s.Over) == nil {
		if !slices.Contains([]string{"cut", "frame", "malformed"}, s.Over) {
			return fmt.Errorf(`invalid sweep %q: want cut, frame, malformed, or a list of numbers`, s.Over)
		}
		return nil
	}
	var span struct{ From, To int }
	if json.Unmarshal(b, &span) == nil {
		for n := span.From; n <= span.To; n++ {
			s.Values = append(s.Values, n)
		}
		return nil
	}
	return json.Unmarshal(b, &s.Values)
}

// A step is one thing that is done or expected. It is done on one connection, or on
// several at a time; the next step begins when all are through.
type step struct {
	Do    string `json:"do"`
	On    string `json:"on"`    // the connection; "a" if absent
	Conns num    `json:"conns"` // on that many connections, "a.0", "a.1" …

	Items  []item `json:"items"`  // send: what
	Repeat int    `json:"repeat"` // send: that many times all items; once if absent
	Pieces string `json:"pieces"` // send: in one write, or "bytes", "n", "random", "frames", "headers", "straddle"; connect: "bytes" for the TLS handshake
	Pause  num    `json:"pause"`  // send: milliseconds between two pieces; pause: for how long; answers: between two of them
	Small  bool   `json:"small"`  // connect: with a small receive buffer
	Plain  bool   `json:"plain"`  // connect, finish: without TLS
	Alone  bool   `json:"alone"`  // quiet: no other connection is made meanwhile

	Strict []string `json:"strict"` // end: what passes; FIN if absent
	Loose  []string `json:"loose"`  // end: what is not strict
	After  num      `json:"after"`  // end, dropped: not earlier than this many milliseconds after the connection was dialed or last sent on
	Level  string   `json:"level"`  // what a deviation of this step is, if it does not fail

	Signal string `json:"signal"` // signal, load, arrive: TERM, INT, KILL
	Log    string `json:"log"`    // restart: "unread" if nobody reads what the server prints
	Result string `json:"result"` // client: "same", what it does when answers come whole, or "error"
	Same   bool   `json:"same"`   // restart: at the same address
	Most   int    `json:"most"`   // memory: MiB that it may have grown by; descriptors, kept: how many more; files: how many more at most, of each process
}

// An item is a part of what is sent: messages, or bytes.
type item struct {
	Size     *num    `json:"size"`     // a message of that many bytes, or as many as are allowed
	Text     *string `json:"text"`     // a message
	Hex      *octets `json:"hex"`      // a message
	Byte     *num    `json:"byte"`     // a message with this byte between two letters; with size, of this byte alone
	Frames   *num    `json:"frames"`   // a message of that many bytes that are frames
	Wire     octets  `json:"wire"`     // bytes that are no frame
	Bad      bool    `json:"bad"`      // the malformed bytes of the sweep
	Random   int     `json:"random"`   // that many random bytes
	Letters  int     `json:"letters"`  // that many letters, without a delimiter
	Announce *num    `json:"announce"` // the header of a message of that many bytes, and nothing of it
	Fill     bool    `json:"fill"`     // what may be between frames
	Rest     bool    `json:"rest"`     // what is missing of the last message

	Count    num  `json:"count"`    // that many of these; 1 if absent
	First    *num `json:"first"`    // only that many bytes of the frame; negative: all but that many
	Half     bool `json:"half"`     // only the first half of the frame
	Exact    bool `json:"exact"`    // the size is not reduced to what is allowed
	Damaged  bool `json:"damaged"`  // the last byte of the frame is wrong; no answer is due
	Unheard  bool `json:"unheard"`  // no answer to it is due
	Maybe    bool `json:"maybe"`    // it may be answered, after all that is due
	Optional bool `json:"optional"` // it is left out if the framing cannot carry it
}

// octets are bytes that are written as hexadecimal digits.
type octets []byte

// UnmarshalJSON implements [json.Unmarshaler].
func (o *octets) UnmarshalJSON(b []byte) error {
	var digits string
	if err := json.Unmarshal(b, &digits); err != nil {
		return err
	}
	decoded, err := hex.DecodeString(digits)
	*o = decoded
	return err
}

// needs are what a case may need, and what gives it.
var needs = map[string]string{
	"echo":          "a server that echoes (-mode echo, -reply same)",
	"answers":       "a server that answers (not -mode sink)",
	"sizes":         "messages of any size: it is left out with -message, and where all frames have one size",
	"limit":         "-max-payload",
	"frame-timeout": "-frame-timeout",
	"idle-timeout":  "-idle-timeout",
	"write-timeout": "-write-timeout",
	"max-conns":     "-max-conns",
	"slow":          "no -frame-timeout of less than 4s",
	"client":        "a client (-mode client)",
	"process":       "the COMMAND that starts the server, on Linux",
	"tls":           "-tls",
	"plain":         "a server without -tls",
	"header":        "a framing that announces the size of a message",
	"no-header":     "a framing that announces no size",
	"malformed":     "a framing that does not allow all bytes",
	"fill":          "a framing that has fill between frames",
}

// load reads the cases of all files.
func load(files fs.FS) (groups []*group, err error) {
	paths, err := fs.Glob(files, "*.json")
	if err != nil {
		return nil, err
	}
	for _, path := range paths {
		text, err := fs.ReadFile(files, path)
		if err != nil {
			return nil, err
		}
		g := new(group)
		d := json.NewDecoder(bytes.NewReader(text))
		d.DisallowUnknownFields()
		if err := d.Decode(g); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if err := g.check(); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		groups = append(groups, g)
	}
	slices.SortFunc(groups, func(a, b *group) int { return a.Number - b.Number })
	for i := range groups {
		if i > 0 && groups[i].Number == groups[i-1].Number {
			return nil, fmt.Errorf("two files are group %d", groups[i].Number)
		}
	}
	return groups, nil
}

// check refuses a group that cannot be played.
func (g *group) check() error {
	if g.Name == "" || len(g.Cases) == 0 {
		return errors.New("a group has a name and cases")
	}
	last := 0
	for _, c := range g.Cases {
		c.group = g
		group, number, _ := strings.Cut(c.Number, ".")
		n, err := strconv.Atoi(number)
		if err != nil || group != strconv.Itoa(g.Number) || n <= last {
			return fmt.Errorf("case %q: its number must be %d.N, and larger than that of the case before it", c.Number, g.Number)
		}
		last = n
		if err := c.check(); err != nil {
			return fmt.Errorf("case %s: %w", c.Number, err)
		}
	}
	return nil
}

func (c *testCase) check() error {
	if c.Rule == "" || c.Means == "" || len(c.Steps) == 0 {
		return errors.New("a case has a rule, steps, and what a failure means")
	}
	for _, n := range c.Needs {
		if needs[n] == "" {
			return fmt.Errorf("unknown need %q", n)
		}
	}
	sends := false
	for i, s := range c.Steps {
		if err := s.check(); err != nil {
			return fmt.Errorf("step %d: %w", i+1, err)
		}
		sends = sends || s.Do == "send"
	}
	if c.For != nil && (c.For.Over == "cut" || c.For.Over == "frame") && !sends {
		return fmt.Errorf("a sweep over %s, and nothing is sent", c.For.Over)
	}
	return nil
}

// What the texts of a step may be.
var (
	piecesOfSend   = []string{"", "bytes", "n", "random", "frames", "headers", "straddle"}
	piecesOfClient = []string{"whole", "bytes", "halves", "together", "straddle", "half", "end", "reset", "malformed", "announce", "late"}
)

func (s *step) check() error {
	numbers := []num{s.Conns, s.After, s.Pause}
	for _, it := range s.Items {
		numbers = append(numbers, it.Count)
		for _, v := range []*num{it.Size, it.Byte, it.Frames, it.Announce, it.First} {
			if v != nil {
				numbers = append(numbers, *v)
			}
		}
	}
	for _, v := range numbers {
		if v.name != "" && !slices.Contains(names, v.name) {
			return fmt.Errorf("unknown name %q of a number", v.name)
		}
	}
	pieces := piecesOfSend
	if s.Do == "client" {
		pieces = piecesOfClient
	}
	signals := slices.Contains([]string{"signal", "load", "arrive"}, s.Do)
	switch {
	case operations[s.Do] == nil:
		return fmt.Errorf("unknown operation %q", s.Do)
	case s.Level != "" && !slices.Contains([]level{notStrict, info, leftOut}, level(s.Level)):
		return fmt.Errorf("a deviation is %q, %q or %q, not %q", notStrict, info, leftOut, s.Level)
	case !slices.Contains(pieces, s.Pieces):
		return fmt.Errorf("unknown pieces %q", s.Pieces)
	case signals && !slices.Contains([]string{"TERM", "INT", "KILL"}, s.Signal):
		return fmt.Errorf("unknown signal %q: want TERM, INT or KILL", s.Signal)
	case s.Do == "client" && s.Result != "same" && s.Result != "error":
		return fmt.Errorf("unknown result %q: want same or error", s.Result)
	}
	return nil
}

// stops reports whether the server ends in the case.
func (c *testCase) stops() bool {
	return slices.ContainsFunc(c.Steps, func(s step) bool {
		return slices.Contains([]string{"signal", "load", "arrive", "restart", "files"}, s.Do)
	})
}

// judgesClient reports whether the case is one for a client.
func (c *testCase) judgesClient() bool { return c.Steps[0].Do == "client" }
