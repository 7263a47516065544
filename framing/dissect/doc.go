// Package dissect tells what each byte of a stream is in its framing: header,
// payload, stuffing, trailer. It is for programs that show a wire, and for tests that
// explain what they found.
//
//	for _, piece := range dissect.All(slip.New(), 1<<20, wire) {
//		for _, part := range piece.Parts {
//			fmt.Printf("%v % x\n", part.Kind, piece.Wire[part.Start:part.End])
//		}
//	}
//
// [All] takes a complete stream, a [Dissector] one that arrives in chunks. The frames,
// the errors and their order are those of a [framing.Buffer]; header, payload and
// trailer are those of [framing.Frame].
//
// If a framing changes the payload on the wire, the bytes that it adds are stuffing:
// escapes, or the codes between runs. They are found by building the frame of another
// payload of the same shape, for any [framing.Framer] that leaves ordinary bytes
// unchanged. If payloads of one byte are refused, the bytes that are not in the payload
// are stuffing. For others, such as one that masks the payload, all bytes between
// [framing.Frame] Start and End count as payload.
package dissect
