// Package server serves framed messages over TCP, Unix sockets and TLS, in the
// manner of [net/http]: a [Server] accepts connections, cuts their bytes into
// messages with a [framing.Framer], hands each whole message to a [Handler],
// and sends the answers.
//
//	s := &server.Server{Framer: lengthprefix.Uint32(), Handler: server.Echo}
//	err := s.ListenAndServe("tcp", "127.0.0.1:8000") // until Shutdown is done
//
// The messages of a connection are handled one at a time, in order; answers
// gather while further whole messages wait, and leave in one write. Reading
// stops while a write blocks, so a peer that sends and does not read costs no
// more than its buffers. All limits have safe defaults.
//
// [Server.Shutdown] answers every message that had arrived whole when it was
// called, sends the end of each stream, and waits for the peers to end theirs.
// What is not done when the grace time is over is forced, and the error says what
// was lost. With a listener made by [Listen], clients that are connecting when
// Shutdown is called are answered or refused.
//
// A message that is too large, or that breaks the framing, ends its connection:
// what came whole before it is answered.
package server
