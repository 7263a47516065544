// Package enclosed frames payloads between a begin mark and an end mark, each of one
// or more bytes.
//
//	New       <hello>                →  hello    (New("<", ">"))
//	MLLP      0x0b hello 0x1c \r     →  hello
//	JSONSeq   0x1e hello \n          →  hello
//
// A payload must contain neither mark, and its end must not form one with the first
// bytes of the end mark, as "a" does with "aa". It is refused on writing otherwise.
//
// Bytes before a begin mark, and a frame in which another one begins, are invalid.
// Both extend to the next begin mark, or include the next end mark, whichever is
// first, and are reported with one error. What grows larger than the limit is skipped
// to the same place. With [Framer.SkipNoise], bytes before a begin mark are fill; with
// [Framer.RefuseNoise] they end the stream.
package enclosed
