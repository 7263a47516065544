// Package slip frames messages as RFC 1055 sends packets over serial lines: a
// message ends at the byte END, 0xc0, and where it holds END or ESC, 0xdb, two
// bytes stand for it.
//
//	h e l l o c0          →  hello
//	a db dc b c0          →  a c0 b
//	a db dd b c0          →  a db b
//
// Many programs send an END before a message too, to end whatever noise stands
// there; [Flushed] does. No message lies between two ENDs, then: a run of ENDs
// is passed over without a word, and an empty payload is refused on writing.
//
// ESC before any other byte condemns its message. (RFC 1055 suggests to keep the
// byte and hope; here what was damaged is not delivered.) A message that grows
// larger than the limit is skipped up to its END.
package slip
