package main

import (
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// format is the version of the JSON report.
const format = 1

// A report is what was judged, and how each case went. It is the JSON report.
type report struct {
	Format  int           `json:"framecheck"` // the version of this format
	Name    string        `json:"name"`       // of the server
	Date    time.Time     `json:"date"`
	Framing string        `json:"framing"` // the spec
	Mode    string        `json:"mode"`
	Reply   string        `json:"reply"`
	TLS     bool          `json:"tls"`
	Command []string      `json:"command,omitempty"` // or
	Addr    string        `json:"addr,omitempty"`
	Rounds  int           `json:"rounds"`
	Counts  map[level]int `json:"counts"`
	Cases   []result      `json:"cases"`
}

// A result is how a case went.
type result struct {
	Number   string        `json:"number"`
	Group    string        `json:"group"`
	Rule     string        `json:"rule"`
	Verdict  level         `json:"verdict"`
	Reason   string        `json:"reason,omitempty"`
	Means    string        `json:"means,omitempty"`  // what the rule prevents, if it failed
	Rounds   map[level]int `json:"rounds,omitempty"` // of how many rounds went how, if they differ
	Seen     []string      `json:"seen,omitempty"`
	Framecat string        `json:"framecat,omitempty"`
	Seconds  float64       `json:"seconds"` // how long it took; not judged

	ID string `json:"-"` // of its element in a page
}

// write writes r as JSON.
func (r *report) write(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	return e.Encode(r)
}

// readReport reads a JSON report.
func readReport(src io.Reader) (*report, error) {
	r := new(report)
	if err := json.NewDecoder(src).Decode(r); err != nil {
		return nil, err
	}
	if r.Format != format {
		return nil, fmt.Errorf("not a report of framecheck, or of format %d; want %d", r.Format, format)
	}
	return r, nil
}

// line returns a result as the text report has it.
func (r *result) line() string {
	s := fmt.Sprintf("%-5s %-14s %s", r.Number, r.Verdict, r.Rule)
	if r.Reason != "" && r.Verdict != leftOut {
		s += "\n      " + r.Reason
	}
	if r.Framecat != "" && (r.Verdict == fail || r.Verdict == notStrict) {
		s += "\n      " + r.Framecat
	}
	return s
}

// summary returns the last line of the text report.
func (r *report) summary() string {
	return fmt.Sprintf("%s, %s: %d pass, %d fail, %d not strict, %d informational, %d do not apply",
		r.Name, r.Framing, r.Counts[pass], r.Counts[fail], r.Counts[notStrict], r.Counts[info], r.Counts[leftOut])
}
