// Package client sends requests as frames and returns the replies, in the manner of
// [net/http]: a [Client] dials, keeps connections open, sends the requests of any
// number of goroutines over them, and matches each reply, one frame, to its request.
//
//	c := &client.Client{
//		Addrs:  []string{"10.0.0.1:8000", "10.0.0.2:8000"},
//		Framer: lengthprefix.Uint32(),
//	}
//	defer c.Close()
//
//	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
//	defer cancel()
//	reply, err := c.Call(ctx, []byte("hello"))
//
// [Client.Close] fails the calls in flight; [Client.Shutdown] waits for them first.
//
// Requests are pipelined: a connection carries many calls at a time. Replies come in
// the order of the requests, or, if RequestKey and ReplyKey are set, in any order.
//
// # Whether a request may have been handled
//
// A call that fails returns a [*CallError], and its Outcome says what happened to the
// request: it was not sent, it was sent but surely not handled, or it may have been
// handled. It is never a guess:
//
//   - [NotSent]: none of its bytes was passed to a connection.
//   - [NotHandled]: the server ended the connection in good order, and the reply had
//     not come by then. A good order is a frame that Goodbye recognizes, or, with
//     TrustFIN, the end of the stream between two frames.
//   - [Unknown]: anything else. The connection was reset, the stream ended inside a
//     frame, the context of the call ended, the server broke the framing.
//
// If Resend is set, a request that was not sent or not handled is sent again, on
// another connection, until the context of its call ends; one whose outcome is unknown
// only if Repeatable says that handling it twice does no harm. So no call fails while
// all replicas of a server are restarted, one after the other, and none is handled
// twice.
//
// # What an end of the stream means
//
// A server of package server ends a connection with FIN only if it has not handled
// what it has not answered; when it is killed, or a handler fails before its answer,
// the connection is reset. TrustFIN relies on that. Most other servers send FIN when
// they are killed, too, and TrustFIN must not be set for them. A Unix socket cannot be
// reset, so on one TrustFIN has no effect without TLS.
//
// A proxy ends the client's connection itself, and may do so with FIN where the server
// was killed (HAProxy does in TCP mode). If there is a proxy in the path, leave
// TrustFIN unset and let the server say goodbye with a frame. Under TLS a FIN counts
// only after the close_notify alert, which a proxy that does not end TLS cannot forge.
package client
