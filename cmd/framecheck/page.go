package main

import (
	"cmp"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// A page is a matrix of servers and cases.
type page struct {
	Reports []*report
	Groups  []pageGroup
}

type pageGroup struct {
	Name string
	Rows []pageRow
}

type pageRow struct {
	Number, Group, Rule string
	Cells               []pageCell
}

type pageCell struct {
	Server string
	Result *result // nil: the report has no such case
}

// writePage writes one HTML page with the matrix of the reports' servers and cases.
func writePage(w io.Writer, reports []*report) error {
	p := &page{Reports: reports}
	rows := map[string]*pageRow{}
	for i, r := range reports {
		for k := range r.Cases {
			c := &r.Cases[k]
			c.ID = fmt.Sprintf("c%d-%s", i, c.Number)
			if rows[c.Number] == nil {
				row := &pageRow{Number: c.Number, Group: c.Group, Rule: c.Rule, Cells: make([]pageCell, len(reports))}
				for n, r := range reports {
					row.Cells[n].Server = r.Name
				}
				rows[c.Number] = row
			}
			rows[c.Number].Cells[i].Result = c
		}
	}
	for _, row := range slices.SortedFunc(maps.Values(rows), func(a, b *pageRow) int { return compareNumbers(a.Number, b.Number) }) {
		if n := len(p.Groups); n == 0 || p.Groups[n-1].Name != row.Group {
			p.Groups = append(p.Groups, pageGroup{Name: row.Group})
		}
		g := &p.Groups[len(p.Groups)-1]
		g.Rows = append(g.Rows, *row)
	}
	return pageTemplate.Execute(w, p)
}

// compareNumbers compares the numbers of two cases: 1.9 comes before 1.10.
func compareNumbers(a, b string) int {
	split := func(s string) (group, number int) {
		one, other, _ := strings.Cut(s, ".")
		group, _ = strconv.Atoi(one) // 0 in a report that was made by hand
		number, _ = strconv.Atoi(other)
		return group, number
	}
	g, n := split(a)
	h, m := split(b)
	return cmp.Or(g-h, n-m)
}

// Title returns the name of the server, or how many there are.
func (p *page) Title() string {
	if len(p.Reports) == 1 {
		return p.Reports[0].Name
	}
	return fmt.Sprintf("%d servers", len(p.Reports))
}

// Count returns how many cases had that verdict.
func (r *report) Count(l level) int { return r.Counts[l] }

// Class returns the class of a result's element.
func (r *result) Class() string {
	return map[level]string{pass: "pass", fail: "fail", notStrict: "loose", info: "info"}[r.Verdict]
}

// Short returns what a cell says: the verdict, and in how many rounds it was that if they
// differ.
func (r *result) Short() string {
	short := map[level]string{pass: "pass", fail: "fail", notStrict: "not strict", info: "info", leftOut: "–"}[r.Verdict]
	all := 0
	for _, n := range r.Rounds {
		all += n
	}
	if all == 0 {
		return short
	}
	return fmt.Sprintf("%s, %d of %d", short, r.Rounds[r.Verdict], all)
}
