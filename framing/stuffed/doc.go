// Package stuffed implements framings whose frames are between flags, and in which a
// table says how a flag inside a payload is written: those of HDLC in asynchronous mode
// (RFC 1662) and of JT/T 808, the protocol of vehicles in China.
//
//	HDLC:   7e h e l l o 7e     →  hello
//	        7e a 7d 5e b 7e     →  a 7e b     (7d 5d is 7d)
//	JT808:  7e a 7d 02 b 7e     →  a 7e b     (7d 01 is 7d)
//
// Both protocols end each payload with a checksum, which package checksum verifies:
//
//	checksum.Wrap(stuffed.HDLC(), checksum.CRC16X25)
//	checksum.Wrap(stuffed.JT808(), checksum.XOR8)
//
// Each frame is written between two flags. One flag may end a frame and begin the
// next, and the first flag may be missing. Of a run of flags, the last may begin a frame
// and belongs to it: a stream that ends after it ends inside a frame, and a server
// waits for the rest of that frame. Those before it are fill.
package stuffed
