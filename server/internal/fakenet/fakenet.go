// Package fakenet is an in-memory TCP for tests that run on the fake clock of testing/synctest, where a real socket hangs
// forever and net.Pipe has neither buffers nor a half-close.
//
// A [Listener] hands out connections whose two ends, both [Conn], have the method set of *net.TCPConn as far as servers
// use it, and the errors too: *net.OpError around a system call's error, os.ErrDeadlineExceeded or net.ErrClosed. Between
// the ends lie, in each direction, a send buffer and a receive buffer of finite size, as in the kernels. Faults can be set
// at any byte of a stream.
//
// # What is modelled
//
// Linux is, as measured, and the package's tests run the same scripts on loopback sockets to show it:
//
//   - Bytes travel at once from the send buffer to the peer's receive buffer while that has room; they are acknowledged
//     when they are there. FIN follows the last byte.
//   - Close with unread bytes in the receive buffer, or after SetLinger(0), sends RST instead of FIN, and what is in the send
//     buffer is lost. Bytes that arrive at a closed end are answered with RST, and lose its send buffer as well.
//   - An RST does not take from the peer what is in its receive buffer already: Read returns these bytes, then ECONNRESET
//     once, then io.EOF. A write gets the ECONNRESET if no read had it, EPIPE from then on. If FIN came before the RST, reading
//     ends in io.EOF, and writing in EPIPE. Other systems throw the received bytes away: [FlushOnReset].
//   - A deadline in the past fails Read, Write and Accept before they look at anything.
//   - Closing the listener resets what is in its accept queue. A connection that its client has closed or reset before it was
//     accepted is accepted all the same.
//
// There is no latency, no loss but by [Conn.StopAck], no limit to the accept queue, no delayed acknowledgement, no
// threshold below which freed buffer space is not announced, and no timeout of the kernel's own: what a closed end has
// still to send waits for its peer forever.
//
// # Time
//
// Everything that waits, waits on a sync.Cond, which is durable blocking for synctest; time passes by time.AfterFunc alone,
// and no goroutine is kept. At the very instant of a deadline the deadline wins: a byte that arrives at that time is not read.
package fakenet
