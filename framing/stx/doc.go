// Package stx frames messages between the ASCII control characters STX, 0x02,
// and ETX, 0x03, as serial devices do: scales, readers, printers, payment
// terminals.
//
//	New   STX h e l l o ETX              →  hello
//	DLE   DLE STX h e l l o DLE ETX      →  hello
//	      DLE STX a DLE DLE b DLE ETX    →  a DLE b
//
// With New a payload is text that holds neither mark. With DLE each mark stands
// behind DLE, 0x10, and a DLE in the payload is written twice (ANSI X3.28,
// transparent mode), so that any payload can be carried.
//
// What does not begin with a begin mark is condemned, and so is a message in
// which another one begins before it ends: both end before the next begin mark
// or behind the next end mark, and cost one error. What grows larger than the
// limit is skipped to the same place.
//
// There is no checksum: protocols that have one behind ETX are other framings.
package stx
