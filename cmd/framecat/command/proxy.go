package command

import (
	"errors"
	"io"

	"github.com/wholeframe/wholeframe/framing/dissect"
)

// proxy passes on the bytes of src as they are, a message at a time, those that
// break the framing too.
func (h *half) proxy() error {
	v := h.view
	if v == nil {
		v = h.job.view(h.read, "", "")
	}
	buf := make([]byte, 64<<10)
	for {
		n, err := h.Read(buf)
		v.add(buf[:n])
		for piece, ok := v.cut.Next(); ok; piece, ok = v.cut.Next() {
			if err := h.pass(piece); err != nil {
				return err
			}
		}
		switch {
		case err == nil:
		case errors.Is(err, errDrained):
			if p, ok := v.cut.Pending(); ok {
				h.dropped(len(p.Wire))
			}
			return nil
		case err == io.EOF:
			if p, ok := v.cut.Finish(); ok {
				return h.pass(p)
			}
			return nil
		default:
			return err
		}
	}
}

// pass shows a piece and passes it on.
func (h *half) pass(p dissect.Piece) error {
	if h.view != nil {
		h.view.show(p)
	}
	if p.Whole {
		if err := h.track.message(p.Payload); err != nil {
			return err
		}
	}
	if p.Err != nil {
		h.track.report(p.Err)
	}
	if len(p.Wire) == 0 {
		return nil
	}
	return h.sender.send(h.giveUp, p.Wire)
}

// dropped notes that a message had not arrived whole when the relay was closed.
func (h *half) dropped(n int) {
	if n > 0 {
		h.problems.note("#%d %s %s of an unfinished message were not passed on", h.n, h.track.from.arrow(), bytesOf(n))
	}
}
