// Package migrate holds the programs of docs/migrate.md, before and after, in
// its tests.
package migrate
