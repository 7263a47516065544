// Package play computes what the playground shows: it makes a stream from typed
// text, lets the stream arrive in pieces, and returns its frames and the kind of
// each byte. It does not depend on a browser.
package play
