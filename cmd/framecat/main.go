// Command framecat is nc for framed protocols: it sends each line of its input
// as one message, or with -framed each frame, and prints each reply as a line.
//
//	framecat -framing=length 127.0.0.1:8000
//
// It can also show the bytes on the wire (-x), cut and delay writes (-chop, -stick,
// -half, -delay), accept clients (-listen), show the messages between clients and a
// server (-to), with different framings (-to-framing), record and replay sessions
// (-record, -replay), split a stream into its messages (-decode) and load a server
// (-load). framecat -h prints examples, framecat -flags all flags, and framecat
// -framing=help the framings.
//
// A message that is not plain text is printed as a quoted Go string, unless -raw is
// set, so that bytes of a peer cannot control the terminal.
//
// Exit codes: 0 success; 1 a message was refused, a reply is missing, a stream was
// invalid, or a connection or standard output failed; 2 usage error; 130 ended by
// SIGINT or SIGTERM without an earlier error. With -listen these signals are the
// ordinary end: 0.
package main

import "github.com/wholeframe/wholeframe/cmd/framecat/command"

func main() { command.Main() }
