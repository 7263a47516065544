// Package breaks shows that the tests of the server can fail. It holds a table
// of breaks, each of which takes one thing away that a clause of the closing
// contract or a threat asks for, and names the test that must fail then.
//
// The gate only checks that the table still fits the code. This applies the
// breaks, two at a time, and takes some minutes:
//
//	go test ./breaks -breaks.run -v -timeout 60m
//
// -run chooses among them, by the words that they are named with:
//
//	go test ./breaks -breaks.run -v -run TestBreaks/each/handshake
//
// The code is never changed: the compiler sees the broken file in its place.
package breaks
