package main

import (
	_ "embed"
	"html/template"
	"io"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Parse(pageText))

// writePage writes one HTML page with the matrix of the reports' servers and cases.
func writePage(w io.Writer, reports []*report) error {
	return page.Execute(w, reports)
}
