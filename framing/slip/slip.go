package slip

import "github.com/wholeframe/wholeframe/framing/stuffed"

// New returns the framer for SLIP. It writes no END before a frame. Each END that
// it reads there is fill. An empty payload is refused.
func New() *stuffed.Framer { return stuffed.SLIP() }

// LeadingEnd returns a framer that writes an END before each frame too, as RFC 1055
// suggests: noise on the line then becomes a frame of its own and does not damage
// the next one. It reads frames with and without it. The last END before a frame
// belongs to that frame, so a stream that ends after it ends inside a frame; those
// before it are fill. An empty payload is refused.
func LeadingEnd() *stuffed.Framer { return stuffed.SLIPLeadingEnd() }
