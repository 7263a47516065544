package main

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
)

// The elements of JUnit XML that CI systems read.
type (
	junitSuites struct {
		XMLName xml.Name     `xml:"testsuites"`
		Suites  []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		Time    string        `xml:"time,attr"`
		Failure *junitMessage `xml:"failure,omitempty"`
		Skipped *junitMessage `xml:"skipped,omitempty"`
		Output  string        `xml:"system-out,omitempty"`
	}
	junitMessage struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// writeJUnit writes r as JUnit XML: a suite for each group. What is not strict passes,
// with its reason as output.
func (r *report) writeJUnit(w io.Writer) error {
	var all junitSuites
	for _, c := range r.Cases {
		name := r.Name + ": " + c.Group
		if n := len(all.Suites); n == 0 || all.Suites[n-1].Name != name {
			all.Suites = append(all.Suites, junitSuite{Name: name})
		}
		s := &all.Suites[len(all.Suites)-1]
		s.Tests++
		element := junitCase{Class: "framecheck." + c.Group, Name: c.Number + " " + c.Rule, Time: fmt.Sprintf("%.3f", c.Seconds)}
		switch c.Verdict {
		case fail:
			s.Failures++
			element.Failure = &junitMessage{c.Reason, strings.Join(append(c.Seen, c.Framecat), "\n")}
		case leftOut:
			s.Skipped++
			element.Skipped = &junitMessage{Message: c.Reason}
		case notStrict, info:
			element.Output = string(c.Verdict) + ": " + c.Reason
		}
		s.Cases = append(s.Cases, element)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", " ")
	if err := e.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}
