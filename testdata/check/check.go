// Package check holds the cases of framecheck as data, for any program that plays
// them. README.md describes their format.
package check

import "embed"

// Files are the groups of cases, one JSON file each.
//
//go:embed *.json
var Files embed.FS
