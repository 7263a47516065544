// Package stx frames payloads between the ASCII control characters STX, 0x02, and
// ETX, 0x03, as serial devices do: scales, readers, printers, payment terminals.
//
//	New   STX h e l l o ETX              →  hello
//	DLE   DLE STX h e l l o DLE ETX      →  hello
//	      DLE STX a DLE DLE b DLE ETX    →  a DLE b
//
// With New, a payload is text that contains neither mark. With DLE, each mark follows
// a DLE, 0x10, and each DLE in the payload is written twice (ANSI X3.28, transparent
// mode), so that any payload can be carried.
//
// Bytes before a begin mark, and a frame in which another one begins, are invalid.
// Both extend to the next begin mark, or include the next end mark, whichever is
// first, and are reported with one error. What grows larger than the limit is skipped
// to the same place.
//
// There is no checksum: protocols that have one after ETX are other framings.
//
// On a serial port, timeouts have to be told from the end of the stream: see the
// example SerialTimeout of package slip.
package stx
