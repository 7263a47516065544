package shutdown

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/wholeframe/wholeframe/server"
)

// frames returns n frames, each of its own.
func frames(n int) []Frame {
	fs := make([]Frame, n)
	for i := range fs {
		fs[i] = Frame{Number: i, Size: 12 + i, Sum: uint32(i * 7919)}
	}
	return fs
}

// forged returns a legal history: ten messages, of which eight had arrived and
// nine came back.
func forged() History {
	fs := frames(10)
	return History{Sent: fs, Connected: true, Acknowledged: 8, Handled: fs[:9], Returned: fs[:9]}
}

func loss(unanswered, unflushed int) error {
	return fmt.Errorf("closing: %w", &server.ShutdownError{Report: server.Report{Unanswered: unanswered, Unflushed: unflushed, Forced: 1}})
}

// Each forged history is judged by the clauses that it breaks and by no other;
// legal ones pass.
func TestForgedHistories(t *testing.T) {
	fs := frames(10)
	both := func(h *History, fs []Frame) { h.Handled, h.Returned = fs, fs }
	for _, test := range []struct {
		name  string
		forge func(h *History)
		err   error
		want  string // kinds, in order
	}{
		{name: "legal", forge: func(h *History) {}},
		{name: "nothing was sent", forge: func(h *History) { *h = History{Connected: true} }},
		{name: "all came back", forge: func(h *History) { both(h, fs) }},
		{name: "what arrived after T0 did not come back", forge: func(h *History) { both(h, fs[:8]) }},
		{name: "equal messages", forge: func(h *History) {
			h.Sent = slices.Repeat([]Frame{{Number: -1}}, 10)
			both(h, h.Sent)
		}},
		{name: "forced and reported", forge: func(h *History) { both(h, fs[:5]); h.Torn, h.ReadEnd = 7, RST }, err: loss(2, 1)},
		{name: "forced, an answer handled but not sent", forge: func(h *History) { h.Returned, h.ReadEnd = fs[:7], RST }, err: loss(0, 1)},
		{name: "reset for writing after a silence", forge: func(h *History) { h.Returned, h.ReadEnd, h.Wrote = fs[:5], RST, true }},
		{name: "forced and reported, the reset told to a write", forge: func(h *History) { both(h, fs[:5]); h.Torn, h.WriteReset = 7, true }, err: loss(2, 1)},
		{name: "reset for writing after a silence, told to the write", forge: func(h *History) { h.Returned, h.WriteReset, h.Wrote = fs[:5], true, true }},
		{name: "reset, connected after T0", forge: func(h *History) { *h = History{ReadEnd: RST} }},

		{name: "the last that arrived is lost", forge: func(h *History) { both(h, fs[:7]) }, want: "lost"},
		{name: "all are lost", forge: func(h *History) { both(h, nil) }, want: "lost"},
		{name: "lost by a reset", forge: func(h *History) { both(h, fs[:3]); h.ReadEnd = RST }, want: "lost reset"},
		{name: "lost, handled, by the end of the stream", forge: func(h *History) { h.Returned = fs[:7] }, want: "lost unanswered"},
		{name: "writing after a silence is no excuse where no reset came", forge: func(h *History) { both(h, fs[:7]); h.Wrote = true }, want: "lost"},
		{name: "one is missing", forge: func(h *History) { both(h, slices.Delete(slices.Clone(fs), 8, 9)) }, want: "missing"},
		{name: "two are missing", forge: func(h *History) { h.Acknowledged = 3; both(h, slices.Delete(slices.Clone(fs), 3, 5)) }, want: "missing"},
		{name: "the first is missing", forge: func(h *History) { h.Acknowledged = 0; both(h, fs[1:]) }, want: "missing"},
		{name: "one came twice", forge: func(h *History) { both(h, slices.Insert(slices.Clone(fs[:9]), 9, fs[4])) }, want: "doubled"},
		{name: "the last came twice", forge: func(h *History) { both(h, append(slices.Clone(fs), fs[9])) }, want: "doubled"},
		{name: "two changed places", forge: func(h *History) {
			r := slices.Clone(fs)
			r[8], r[9] = r[9], r[8]
			both(h, r)
		}, want: "reordered"},
		{name: "a byte has changed", forge: func(h *History) { r := slices.Clone(fs); r[8].Sum++; both(h, r) }, want: "corrupt"},
		{name: "a byte is gone", forge: func(h *History) { r := slices.Clone(fs); r[9].Size--; both(h, r) }, want: "corrupt"},
		{name: "an answer to nothing", forge: func(h *History) { both(h, append(slices.Clone(fs), Frame{Number: 10})) }, want: "corrupt"},
		{name: "torn, and the end of the stream", forge: func(h *History) { h.Torn = 1 }, want: "torn"},
		{name: "torn by force, and the end of the stream", forge: func(h *History) { both(h, fs[:7]); h.Torn = 1 }, err: loss(1, 0), want: "torn"},
		{name: "torn and reset without a report", forge: func(h *History) { h.Torn, h.ReadEnd = 1, RST }, want: "reset"},
		{name: "handled and not answered", forge: func(h *History) { h.Handled = fs }, want: "unanswered"},
		{name: "answered and not handled", forge: func(h *History) { h.Handled = fs[:8] }, want: "unhandled"},
		{name: "handled another message", forge: func(h *History) { h.Handled = append(slices.Clone(fs[:8]), fs[9]) }, want: "unanswered unhandled"},
		{name: "reset after all answers", forge: func(h *History) { h.ReadEnd = RST }, want: "reset"},
		{name: "reset after all answers, told to a write", forge: func(h *History) { h.WriteReset = true }, want: "reset"},
		{name: "lost by a reset that a write was told of", forge: func(h *History) { both(h, fs[:3]); h.WriteReset = true }, want: "lost reset"},
		{name: "torn and reset without a report, told to a write", forge: func(h *History) { h.Torn, h.WriteReset = 1, true }, want: "reset"},
		{name: "no end", forge: func(h *History) { h.ReadEnd = Timeout }, want: "endless"},
		{name: "no end, but a report", forge: func(h *History) { h.ReadEnd = Timeout }, err: loss(1, 0), want: "endless"},
		{name: "one more lost than reported", forge: func(h *History) { both(h, fs[:5]); h.ReadEnd = RST }, err: loss(1, 1), want: "unreported"},
		{name: "an error without a report", forge: func(h *History) {}, err: errors.New("no"), want: "unreported"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := Round{Clients: []History{forged(), forged()}, Err: test.err}
			test.forge(&r.Clients[1])
			var got []string
			for _, f := range r.Judge() {
				got = append(got, f.Kind.String())
				if f.Client != 1 && f.Kind != Unreported {
					t.Errorf("blames client %d: %v", f.Client, f)
				}
				if f.Count < 1 || !strings.HasPrefix(f.String(), f.Kind.Clause()+" ") {
					t.Errorf("finding of %d messages: %v", f.Count, f)
				}
			}
			if got := strings.Join(got, " "); got != test.want {
				t.Errorf("judged %q, not %q", got, test.want)
			}
		})
	}
}
