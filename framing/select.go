package framing

import (
	"cmp"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"strings"
)

// Select returns a Framer for streams whose frames are of several kinds, told apart by
// their first bytes: each frame is split by the Framer of the longest prefix that it
// begins with. The empty prefix is for all others; without it they end the stream.
//
//	f, err := framing.Select(map[string]framing.Framer{
//		"$": media,           // RTSP: a length of 2 bytes after "$" and the channel
//		"":  texthead.RTSP(), // all else is a message
//	})
//
// A payload is written by the Framer of the longest prefix that the payload begins with.
// Those of a prefix that is not empty should therefore deliver frames whole, as those
// with Keep do. A payload whose frame would begin with another prefix is refused.
//
// No frame is split before its prefix is known, so prefixes should be short. The Framer
// is no [Skipper], [Finisher] or [Encloser], whatever those in the map are: a frame that
// is too large ends the stream if it does not announce its size.
//
// Select copies the map. It returns a [*ConfigError] if it is empty, or if one of its
// Framers is nil.
func Select(byPrefix map[string]Framer) (Framer, error) {
	if len(byPrefix) == 0 {
		return nil, &ConfigError{Framer: "select", Option: "prefix", Reason: "there is none; at least one is needed"}
	}
	s := &selector{shift: 64 - uint(bits.Len(uint(len(byPrefix))))}
	for prefix, f := range byPrefix {
		if f == nil {
			return nil, &ConfigError{Framer: "select", Option: "prefix", Reason: fmt.Sprintf("the framer of %+q is nil", prefix)}
		}
		s.kinds = append(s.kinds, kind{prefix, f})
	}
	slices.SortFunc(s.kinds, func(a, b kind) int {
		return cmp.Or(len(b.prefix)-len(a.prefix), strings.Compare(a.prefix, b.prefix))
	})
	return s, nil
}

// A selector is the Framer that Select returns.
type selector struct {
	kinds []kind // the longest prefix first
	shift uint   // the low bits of Resume.State are the kind's own; above them is 1 + its index
}

type kind struct {
	prefix string
	framer Framer
}

// errTooManyParts is for a Framer that needs all of Resume.State: there is one in this
// module, for values of Redis, and it does for more than 60 million values in one frame.
var errTooManyParts = errors.New("malformed frame: too many parts for one of several kinds")

// index returns the index of the kind of a frame that begins with data, or -1 if more
// bytes are needed to tell. If all is true, no more follow.
func (s *selector) index(data []byte, all bool) (int, error) {
	for i, k := range s.kinds {
		n := min(len(data), len(k.prefix))
		if string(data[:n]) == k.prefix[:n] {
			switch {
			case n == len(k.prefix):
				return i, nil
			case !all:
				return -1, nil
			}
		}
	}
	longest := len(s.kinds[0].prefix)
	return 0, fmt.Errorf("malformed frame: it begins with %+q, want %s", data[:min(len(data), longest)], s.prefixes())
}

// prefixes returns the prefixes for an error, in alphabetical order.
func (s *selector) prefixes() string {
	var all []string
	for _, k := range s.kinds {
		all = append(all, fmt.Sprintf("%+q", k.prefix))
	}
	slices.Sort(all)
	return strings.Join(all, " or ")
}

// Split implements [Framer].
func (s *selector) Split(data []byte, r Resume) (Frame, Resume, error) {
	i := int(r.State>>s.shift) - 1
	if i < 0 {
		var err error
		if i, err = s.index(data, false); i < 0 || err != nil {
			return Frame{}, r, err
		}
	}
	r.State &= 1<<s.shift - 1
	frame, next, err := s.kinds[i].framer.Split(data, r)
	switch {
	case next == Resume{}:
	case next.State>>s.shift == 0:
		next.State |= uint64(i+1) << s.shift
	case frame.Size == 0 && err == nil:
		return Frame{}, Resume{}, errTooManyParts
	default:
		next = Resume{}
	}
	return frame, next, err
}

// Append implements [Framer].
func (s *selector) Append(dst, payload []byte) ([]byte, error) {
	i, err := s.index(payload, true)
	if err != nil {
		return dst, &PayloadError{Size: int64(len(payload)), Reason: err.Error()}
	}
	all, err := s.kinds[i].framer.Append(dst, payload)
	if err != nil {
		return dst, err
	}
	if j, _ := s.index(all[len(dst):], true); j != i {
		return dst, &PayloadError{Size: int64(len(payload)), Reason: fmt.Sprintf("its frame would begin with %+q, as those of another kind do", s.kinds[j].prefix)}
	}
	return all, nil
}

// MaxEncodedLen implements [Framer].
func (s *selector) MaxEncodedLen(n int) (most int) {
	for _, k := range s.kinds {
		most = max(most, k.framer.MaxEncodedLen(n))
	}
	return most
}
