// Package dissect says of each byte of a stream what it is to a framing:
// header, payload, stuffing, trailer. It is for programs that show a wire, and
// for tests that explain what they found.
//
// [All] takes a whole stream, a [Dissector] one as it arrives. The frames,
// the errors and their order are those of a [framing.Buffer], which cuts them;
// the header, payload and trailer are those of [framing.Frame].
//
// Where a payload is not written as it is, the stuffing is what remains when the
// bytes that follow the payload are taken away: the two bytes of an escape, the
// codes between runs. They are found by building the frame of another payload
// of the same shape, and so for any [framing.Framer] whose ordinary bytes stand
// for themselves. For others (a payload that is masked, say) all the bytes where
// [framing.Frame] puts the payload count as payload.
package dissect
