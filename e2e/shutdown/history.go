// Package shutdown proves on real sockets that closing the server loses no
// message. Many rounds draw a framing, clients that send without waiting, and
// the moment at which Shutdown is called; what each client sent, what its kernel
// says had arrived by then, and what came back is a [History], and [Round.Judge]
// compares it with these clauses of the closing contract:
//
//   - C1: what had arrived whole when Shutdown was called is answered.
//   - C2: what a client gets is a prefix of what it sent, and an answer that is
//     torn is followed by a reset.
//   - C3: when Shutdown returns nil, the answers are those to the messages that
//     the handler saw.
//   - C4: the end of the stream comes before any reset.
//   - C10: what is lost is reported.
//
// Most rounds close a server in the process of the test, on loopback. Others
// stop a real process while its signal comes, pass a bad link between two
// network namespaces, speak Multipath TCP, or have HAProxy in the path. They
// need root, /dev/net/tun and haproxy. The other tests are about what no history
// holds: who connects while the server closes (C18), answers that a process
// leaves to its kernel (C21), thousands of idle clients, a process that was paused.
package shutdown

import (
	"errors"
	"fmt"
	"slices"

	"github.com/wholeframe/wholeframe/server"
)

// A Frame is what a history keeps of a message. Two messages of a client are
// the same if their frames are equal.
type Frame struct {
	Number int // which message of its client it says it is; -1: it is too short to say
	Size   int // bytes of payload
	Sum    uint32
}

// An End is how a client's connection ended.
type End uint8

const (
	FIN     End = iota // the end of the stream
	RST                // a reset, or another failure
	Timeout            // not at all
)

func (e End) String() string { return [...]string{"FIN", "RST", "timeout"}[e] }

// A History is what one client and the server's side of it have seen. T0 is the
// moment at which Shutdown was called.
type History struct {
	Sent         []Frame // in the order in which they were written, whole or in part
	Connected    bool    // before T0
	Acknowledged int     // so many of Sent had reached the server's kernel at T0, at least
	Handled      []Frame // what the handler ran for
	Returned     []Frame // what came back
	Torn         int     // bytes of an unfinished frame that follow them
	ReadEnd      End     // how reading ended
	WriteReset   bool    // a write was told of a reset

	// Wrote says that the client wrote again after a silence in which the server
	// may have taken it for done. It may be reset for that, and lose answers.
	Wrote bool
}

// End returns how the connection ended. The kernel reports a reset once, to
// whichever call comes first: if that is a write, reading ends as if the end of
// the stream had come.
func (h *History) End() End {
	if h.WriteReset {
		return RST
	}
	return h.ReadEnd
}

// A Round is one closing of a server.
type Round struct {
	Clients []History
	Err     error // of Shutdown
}

// A Kind is a way to break the contract.
type Kind uint8

const (
	Lost       Kind = iota // acknowledged at T0, and did not come back
	Missing                // not there, but one sent after it is
	Doubled                // came back twice
	Reordered              // came back before one that was sent before it
	Corrupt                // is nothing that was sent
	Torn                   // came back in part, without a reset
	Unanswered             // the handler ran, and no answer came
	Unhandled              // came back, and the handler did not run
	Reset                  // a reset in place of the end of the stream
	Endless                // no end
	Unreported             // a loss that the report does not count
)

var kinds = [...]struct{ name, clause string }{
	Lost:       {"lost", "C1"},
	Missing:    {"missing", "C2"},
	Doubled:    {"doubled", "C2"},
	Reordered:  {"reordered", "C2"},
	Corrupt:    {"corrupt", "C2"},
	Torn:       {"torn", "C2"},
	Unanswered: {"unanswered", "C3"},
	Unhandled:  {"unhandled", "C3"},
	Reset:      {"reset", "C4"},
	Endless:    {"endless", "C4"},
	Unreported: {"unreported", "C10"},
}

func (k Kind) String() string { return kinds[k].name }

// Clause returns the clause that k breaks, "C1".
func (k Kind) Clause() string { return kinds[k].clause }

// A Finding is one violation.
type Finding struct {
	Kind   Kind
	Client int // index, or -1: the server as a whole
	Count  int // messages that it concerns, at least 1
	Text   string
}

func (f Finding) String() string {
	who := "server"
	if f.Client >= 0 {
		who = fmt.Sprintf("client %d", f.Client)
	}
	return fmt.Sprintf("%s %s: %s: %s", f.Kind.Clause(), f.Kind, who, f.Text)
}

// Judge returns what breaks the contract, client by client. Where the order of
// what came back is broken, only the first place counts.
func (r *Round) Judge() []Finding {
	var found []Finding
	lost := 0
	for i := range r.Clients {
		j := judge{client: i, h: &r.Clients[i], clean: r.Err == nil}
		j.run()
		found = append(found, j.found...)
		lost += j.lost
	}
	var loss *server.ShutdownError
	switch {
	case r.Err == nil:
	case !errors.As(r.Err, &loss):
		found = append(found, Finding{Unreported, -1, 1, fmt.Sprintf("Shutdown returned no report: %v", r.Err)})
	case lost > loss.Report.Unanswered+loss.Report.Unflushed:
		found = append(found, Finding{Unreported, -1, lost, fmt.Sprintf("%d acknowledged messages did not come back, the report has %d unanswered and %d not sent",
			lost, loss.Report.Unanswered, loss.Report.Unflushed)})
	}
	return found
}

// A judge judges one client.
type judge struct {
	client int
	h      *History
	clean  bool // Shutdown returned nil
	lost   int
	found  []Finding
}

func (j *judge) report(k Kind, count int, format string, args ...any) {
	j.found = append(j.found, Finding{k, j.client, count, fmt.Sprintf(format, args...)})
}

func (j *judge) run() {
	h, end := j.h, j.h.End()
	prefix := j.order()
	excused := end == RST && h.Wrote

	if j.lost = max(0, h.Acknowledged-prefix); excused {
		j.lost = 0
	}
	if j.clean && j.lost > 0 {
		j.report(Lost, j.lost, "%d of %d messages that were acknowledged at T0 did not come back", j.lost, h.Acknowledged)
	}
	if h.Torn > 0 && end == FIN {
		j.report(Torn, 1, "%d bytes of an answer, and then the end of the stream", h.Torn)
	}
	if j.clean && !excused {
		j.handled()
	}
	switch {
	case end == Timeout:
		j.report(Endless, 1, "the stream did not end after %d answers", len(h.Returned))
	case end == RST && j.clean && h.Connected && !h.Wrote:
		j.report(Reset, 1, "reset after %d answers, although Shutdown reports no loss", len(h.Returned))
	}
}

// order returns how many messages came back as they were sent, and reports why
// the next did not.
func (j *judge) order() (prefix int) {
	sent, returned := j.h.Sent, j.h.Returned
	for prefix < len(returned) && prefix < len(sent) && returned[prefix] == sent[prefix] {
		prefix++
	}
	if prefix == len(returned) {
		return prefix
	}
	got, ahead, behind := returned[prefix], sent[prefix:], sent[:prefix]
	at := slices.Index(ahead, got)
	switch {
	case at < 0 && slices.Contains(behind, got):
		j.report(Doubled, 1, "answer %d is that to message %d again", prefix, slices.Index(behind, got))
	case at < 0:
		j.report(Corrupt, 1, "answer %d, %d bytes with the sum %08x, is no message that was sent", prefix, got.Size, got.Sum)
	case slices.Contains(returned[prefix:], sent[prefix]):
		j.report(Reordered, 1, "the answer to message %d came before that to message %d", prefix+at, prefix)
	default:
		j.report(Missing, at, "the answer to message %d came, none to the %d before it", prefix+at, at)
	}
	return prefix
}

// handled compares what the handler saw with what came back.
func (j *judge) handled() {
	handled, returned := j.h.Handled, j.h.Returned
	same := 0
	for same < len(handled) && same < len(returned) && handled[same] == returned[same] {
		same++
	}
	if n := len(handled) - same; n > 0 {
		j.report(Unanswered, n, "the handler ran for %d messages whose answers did not come", n)
	}
	if n := len(returned) - same; n > 0 {
		j.report(Unhandled, n, "%d answers to messages that the handler did not run for", n)
	}
}
