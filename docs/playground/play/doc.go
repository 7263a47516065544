// Package play is what the playground does with bytes: it makes them from what
// was typed, lets them arrive in pieces, and says what each byte is and which
// frames came of it. It knows no browser.
package play
