// Package cobs frames payloads by consistent overhead byte stuffing: a frame ends at
// a zero byte, and is encoded so that it contains no other.
//
//	06 h e l l o 00       →  hello
//	02 a 02 b 00          →  a 00 b
//	01 01 00              →  00
//	01 00                 →  (empty)
//
// Each code byte is the distance to the next zero of the payload; 0xff precedes 254
// bytes that no zero follows. The source is S. Cheshire and M. Baker, "Consistent
// Overhead Byte Stuffing", SIGCOMM 1997. A frame is at most one byte in 254 larger
// than its payload, and two bytes. Any payload can be carried.
//
// Many programs send a zero before a frame too, so that noise on the line does not
// become part of it: each zero there is fill. A frame is invalid if a code exceeds
// it. A frame that grows larger than the limit is skipped up to its zero.
//
// If a payload ends with 254 bytes without a zero, a code of 1 may follow them, as in
// the program in the paper; Append does not write it.
//
// On a serial port, timeouts have to be told from the end of the stream: see the
// example SerialTimeout of package slip.
package cobs
