// Package server serves framed protocols over TCP, Unix sockets and TLS, in the
// manner of [net/http]: a [Server] accepts connections, splits their bytes into
// frames with a [framing.Framer], hands the payload of each whole frame to a
// [Handler], and sends the replies.
//
//	s := &server.Server{Framer: lengthprefix.Uint32(), Handler: server.Echo}
//	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
//	defer stop()
//	context.AfterFunc(ctx, func() { s.Shutdown(context.Background()) })
//	if err := s.ListenAndServe("tcp", "127.0.0.1:8000"); err != server.ErrServerClosed {
//		log.Fatal(err) // it could not serve, or reports what was lost
//	}
//
// [Server.ListenAndServe] and [Server.Serve] return only after Shutdown has, so that a
// main function that then returns loses nothing.
//
// The frames of a connection are handled one at a time, in order. Replies gather
// while further complete frames are buffered, and are sent in one write. Reading stops
// while a write blocks, so a peer that sends and does not read occupies no more memory
// than its buffers. All limits have safe defaults.
//
// # Protocols
//
// A protocol in which the server speaks first, or that has sessions, sets
// [Server.Open]. The hook greets the client and returns the connection's own
// Handler. From the Handler a connection changes its framing, limits and Handler
// ([Conn.SetFramer] and others), starts TLS ([Conn.StartTLS]), promises an answer
// that comes later and in any order ([Conn.Go]), or leaves the server
// ([Conn.Hijack]). Any goroutine may send: [Conn.WriteFrame] waits for the peer, and
// [Conn.Push] and [Broadcast] do not. [Server.Stream] handles frames that are
// larger than memory, and [Server.Goodbye] sends a last frame.
//
// # Closing
//
// [Server.Shutdown] answers every frame that had arrived completely when it was called,
// sends the end of each stream, and waits until the replies are acknowledged and
// the peers have ended their streams. Connections that have not ended when the grace
// time is over are reset, and the error reports what was lost. With a listener made by [Listen],
// clients that are connecting when Shutdown is called are answered or refused.
// Promised answers, pushes and streams that have begun count as frames that are
// being handled.
//
// On TCP, the end of a stream tells the peer that a frame without an answer was not
// handled. Every end that cannot promise that is a reset: a panic, a handler that
// failed without a reply, a reply that was torn, and a process that was killed. A
// Unix socket cannot be reset, so there the end of a stream tells nothing.
//
// A payload that is too large, or a malformed frame, ends its connection, after the
// complete frames before it have been answered.
//
// Behind a balancer, [Server.ProxyFrom] reads the clients' addresses from PROXY
// headers, and [Server.MaxAge] makes clients return to the balancer. [Server.Stats] has
// counts, which the module github.com/wholeframe/wholeframe/metrics exports to
// Prometheus.
package server
