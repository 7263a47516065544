package dissect

import (
	"bytes"

	"github.com/wholeframe/wholeframe/framing"
)

// A shape describes how a framer encodes single bytes. Most bytes are ordinary: they
// appear unchanged in the frame, and replacing one by another changes nothing else.
// If others are changed in the frame, the framer stuffs.
type shape struct {
	framer   framing.Framer
	stuffs   bool
	trailer  int       // bytes after the payload
	ordinary [256]byte // maps each ordinary byte to another one, and any other byte to itself
}

// maxLearned is the largest frame of one byte that shapeOf builds; a padded frame may
// be larger.
const maxLearned = 128 << 10

// shapeOf learns the shape from the frames of all payloads of one byte. If those
// tell nothing, the framer is assumed not to stuff.
func shapeOf(framer framing.Framer) shape {
	s := shape{framer: framer}
	var frames [256][]byte // nil: refused
	for i := range frames {
		s.ordinary[i] = byte(i)
		if framer.MaxEncodedLen(1) > maxLearned {
			continue
		}
		if wire, err := framer.Append(nil, []byte{byte(i)}); err == nil {
			frames[i] = wire
		}
	}
	model, at := modelOf(&frames)
	if model == nil {
		return s
	}
	s.trailer = len(model) - at - 1
	_, encloses := framer.(framing.Encloser) // its frames contain every payload unchanged
	var ordinary []byte
	for i, wire := range frames {
		model[at] = byte(i)
		if bytes.Equal(wire, model) {
			ordinary = append(ordinary, byte(i))
		} else if wire != nil && !encloses {
			s.stuffs = true
		}
	}
	for i, c := range ordinary {
		s.ordinary[c] = ordinary[(i+1)%len(ordinary)]
	}
	return s
}

// modelOf returns the frame of an ordinary byte, and the index of that byte in it.
// The frames of two ordinary bytes differ in that byte only.
func modelOf(frames *[256][]byte) (model []byte, at int) {
	for i := range len(frames) - 1 {
		one, other := frames[i], frames[i+1]
		if len(one) == 0 || len(one) != len(other) {
			continue
		}
		at := 0
		for at < len(one)-1 && one[at] == other[at] {
			at++
		}
		if one[at] == byte(i) && other[at] == byte(i+1) && bytes.Equal(one[at+1:], other[at+1:]) {
			return bytes.Clone(one), at
		}
	}
	return nil, 0
}

// parts returns the parts of a complete frame.
func (s *shape) parts(f framing.Frame, wire, payload []byte) []Part {
	var p parts
	p.add(Header, f.Start)
	body := wire[f.Start:f.Size]
	body, trailer := body[:max(0, len(body)-s.trailer)], min(s.trailer, len(body))
	kinds, ok := s.kinds(payload)
	if !ok {
		if a, ok := aligned(f, wire, payload); ok && !bytes.Equal(wire[f.Start:f.End], payload) {
			return a
		}
		p.add(Payload, f.End-f.Start)
		p.add(Trailer, f.Size-f.End)
		return p
	}
	// The frame may be longer than the one that Append builds for this payload,
	// for example by a final code without effect.
	for i := range body {
		k := Stuffing
		if i < len(kinds) {
			k = kinds[i]
		}
		p.add(k, 1)
	}
	p.add(Trailer, trailer)
	return p
}

// aligned returns the parts of a frame in whose bytes those of payload are in order,
// after the header, with others among them.
func aligned(f framing.Frame, wire, payload []byte) (p parts, ok bool) {
	p.add(Header, f.Start)
	for _, c := range wire[f.Start:f.Size] {
		switch {
		case len(payload) == 0:
			p.add(Trailer, 1)
		case c == payload[0]:
			p.add(Payload, 1)
			payload = payload[1:]
		default:
			p.add(Stuffing, 1)
		}
	}
	return p, len(payload) == 0
}

// kinds returns the kinds of the bytes between header and trailer in the frame that
// Append builds for payload. Those that differ in the frame of a payload with other
// ordinary bytes in the same places belong to the payload.
func (s *shape) kinds(payload []byte) (kinds []Kind, ok bool) {
	if !s.stuffs {
		return nil, false
	}
	other := bytes.Clone(payload)
	for i, c := range other {
		other[i] = s.ordinary[c]
	}
	one, err := s.framer.Append(nil, payload)
	if err != nil {
		return nil, false
	}
	two, err := s.framer.Append(nil, other)
	if err != nil || len(one) != len(two) {
		return nil, false
	}
	f, _, err := s.framer.Split(bytes.Clone(one), framing.Resume{})
	if err != nil || f.Size != len(one) || f.Start > len(one)-s.trailer {
		return nil, false
	}
	for i := f.Start; i < len(one)-s.trailer; i++ {
		k := Stuffing
		if one[i] != two[i] {
			k = Payload
		}
		kinds = append(kinds, k)
	}
	return kinds, true
}
