// Package cobs frames messages by consistent overhead byte stuffing: a message
// ends at a zero byte, and is written so that it holds none.
//
//	06 h e l l o 00       →  hello
//	02 a 02 b 00          →  a 00 b
//	01 01 00              →  00
//	01 00                 →  (empty)
//
// Each code byte says how far the next zero is; 0xff stands for 254 bytes
// without one. The source is S. Cheshire and M. Baker, "Consistent Overhead Byte
// Stuffing", SIGCOMM 1997. The cost is one byte in 254 at most, and two a
// message. Any payload can be carried.
//
// Many programs send a zero before a message too, to end whatever noise stands
// there: a run of zeros is passed over without a word. A code that reaches
// beyond its message condemns it. A message that grows larger than the limit is
// skipped up to its zero.
//
// A message that ends with 254 bytes without a zero may have a last code of 1
// behind them, as in the paper's program, or none; Append writes none.
package cobs
