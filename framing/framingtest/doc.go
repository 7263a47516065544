// Package framingtest checks that a framer keeps the laws of a
// [framing.Framer]: yours as well as those of this module.
//
//	func TestFramer(t *testing.T) {
//		framingtest.Run(t, mine.New())
//	}
//
// That is the whole program. The kit finds out by itself what the framer's
// headers, delimiters and escapes look like and which payloads it takes, by
// appending some and reading what comes out; then it goes where framers break:
// payloads made of pieces of headers and delimiters, sizes around 127, 255,
// 65535 and the framer's own limit, streams cut at every byte and at every pair
// of bytes, limits from 0 up, damaged and hostile bytes, streams that end, and
// reads that time out, at every byte.
//
// # The laws
//
// Each is a subtest, to be selected with -run. The laws L1 to L9 and the
// promises R1 to R5 are those of package [framing].
//
//	L1-round-trip      what Append accepts, Split gives back; Append leaves dst, payload and their spare room alone
//	L2-concatenation   frames behind one another split into the same payloads
//	L3-chunking        any cut, any limit, another connection in between: the same frames and errors
//	L4-resumption      Split from Seen is Split from 0, and looks at no byte before Seen until the frame is whole
//	L5-honesty         nothing whole is said of a strict prefix; what is announced stays true
//	L6-hostile-bytes   no panic, nothing out of range, no memory for what a header merely says
//	L7-bound           no frame takes more than MaxEncodedLen, which has room for a whole header and saturates
//	L8-linear-work     no byte is offered again and again
//	L9-skipping        Skip stops at the frame's end, however it is chopped
//	R1-eof             a stream that ends inside a frame says so, at every byte
//	R2-timeouts        a timeout at any byte loses nothing
//	R3-limit           a limit is inclusive, and enforced at the header
//	R4-too-large       a frame that is too large costs itself and nothing else
//	R5-memory          memory follows arrival
//	Prefixer           header, payload and trailer are what Append writes, for sizes beyond memory too
//	Encloser           header, payload and trailer are what Append writes, and what it refuses is not enclosed
//	Ender              a last piece carries what it would with its terminator
//
// L9, Prefixer, Encloser and Ender are checked where the framer has these methods.
//
// Work is counted, never timed. That a framer looks again at bytes before Seen
// shows itself on Linux and macOS because those bytes then lie on a page that
// cannot be read; elsewhere they hold something else. A framer that never ends
// its loop is found by the timeout of go test.
//
// # A failure
//
// A law that is broken prints what it saw and the smallest case that was found,
// as Go to be pasted into a test. Where a stream is read,
//
//	wire := []byte("one\r\n")
//	cuts := []int{4}
//	limit := -1
//
// stands for a [framing.Buffer] with SetMaxPayload(limit) that is given
// wire[:4], then wire[4:], and whose frames are taken after each.
//
// Cases come from a fixed list first, the same on every run, then at random.
// The flags of pgregory.net/rapid, which is inside, govern the random ones:
// -rapid.checks says how many for each law, and -rapid.seed repeats them. What
// they find is kept in testdata/rapid and tried first the next time.
//
// # A choosy framer
//
// A framer may refuse payloads: those of another than its fixed size, with
// forbidden bytes, beyond a limit. The kit finds that out. If it finds no
// payload that is accepted, or few, or if the framer reads forms that it never
// writes, [Config] takes examples:
//
//	framingtest.Config{
//		Payloads: [][]byte{[]byte("{}"), []byte(`{"a":1}`)},
//		Wire:     [][]byte{[]byte("{}\r\n")},
//	}.Run(t, f)
package framingtest
