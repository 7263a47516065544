// Package framingtest checks that a Framer keeps the laws of a [framing.Framer].
//
//	func TestFramer(t *testing.T) {
//		framingtest.Run(t, mine.New())
//	}
//
// The kit finds out which payloads the Framer accepts and what its headers,
// delimiters and escapes look like. It then tries payloads made of pieces of headers
// and delimiters, sizes around 127, 255, 65535 and the Framer's own limit, streams cut
// at every byte and at every pair of bytes, limits from 0 up, and damaged and hostile
// bytes. Each law is a subtest, to be selected with -run:
//
//	L1-round-trip      Split returns what Append accepts, and Append accepts what Split returns
//	L2-concatenation   frames appended one after another split into the same payloads
//	L3-chunking        frames and errors do not depend on chunks, limits and other connections
//	L4-resumption      Split with a Resume is Split from the start, and does not look before Pos
//	L5-honesty         nothing is complete too early, and what is announced is final
//	L6-hostile-bytes   no panic, no result out of range, no memory by what a header announces
//	L7-bound           no frame exceeds MaxEncodedLen, which has room for a whole header
//	L8-linear-work     no byte is examined again and again
//	L9-skipping        Skip ends at the end of the frame, in any chunks, and makes progress
//	Encloser           header, payload and trailer are a frame, for sizes beyond memory too
//	Finisher           a final frame carries what it would with its terminator
//
// The laws are those of package framing. A law without anything to check, such as L4
// if the first byte tells every size, is reported with -v, and so are the number of
// payloads that were found and the size of the largest. If there are too few, or if
// Split accepts forms that Append never writes, give samples in [Config]:
//
//	framingtest.Config{
//		Payloads: [][]byte{[]byte("{}"), []byte(`{"a":1}`)},
//		Wire:     [][]byte{[]byte("{}\r\n")},
//	}.Run(t, f)
//
// Work is counted, never timed. On Linux and macOS, bytes that Split must not examine
// again are on a page that cannot be read; on other systems, other bytes are in their
// place. The timeout of go test finds a Framer that loops forever.
//
// A failure shows the smallest case that was found and the call of the Framer, or of
// a [framing.Buffer], that shows it. The cases are the same in every run.
// FRAMINGTEST_CASES=1000 in the environment adds random ones; 50 of each kind is the default.
package framingtest
