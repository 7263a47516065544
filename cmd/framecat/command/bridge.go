package command

import (
	"errors"
	"fmt"
	"io"

	"github.com/wholeframe/wholeframe/framing"
)

// bridge passes on the messages of src in the framing of dst. A message that dst's
// framing cannot carry is reported, and not passed on.
func (h *half) bridge() error {
	r := framing.NewReader(bridgeSource{h}, h.read)
	r.SetMaxPayload(int(h.maxPayload))
	var frame []byte
	for {
		payload, err := r.ReadFrame()
		switch {
		case err == nil:
		case err == io.EOF:
			return nil
		case errors.Is(err, errDrained):
			h.dropped(len(r.Unread()))
			return nil
		case h.readErr != nil || h.writeErr != nil:
			return err
		case errors.Is(err, framing.ErrFrame):
			h.track.report(err)
			continue
		case isFraming(err):
			// What came before is answered, and the end is orderly, for nothing of
			// what follows was passed on.
			h.track.report(err)
			return nil
		default:
			return err
		}
		if err := h.track.message(payload); err != nil {
			return err
		}
		frame, err = h.write.Append(frame[:0], payload)
		if err != nil {
			h.track.report(fmt.Errorf("message %d: %w", h.track.n, err))
			continue
		}
		if err := h.sender.send(h.giveUp, frame); err != nil {
			return err
		}
	}
}

// isFraming reports whether err is about the bytes of a stream, and not about
// reading them.
func isFraming(err error) bool {
	var format *framing.FormatError
	var tooLarge *framing.TooLargeError
	var eof *framing.UnexpectedEOFError
	return errors.As(err, &format) || errors.As(err, &tooLarge) || errors.As(err, &eof)
}

// A bridgeSource shows what each read has brought.
type bridgeSource struct{ *half }

func (s bridgeSource) Read(p []byte) (int, error) {
	n, err := s.half.Read(p)
	if v := s.view; v != nil {
		v.arrived(p[:n])
		if err == io.EOF {
			v.end()
		}
	}
	return n, err
}
