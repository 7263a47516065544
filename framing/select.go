package framing

import (
	"cmp"
	"errors"
	"fmt"
	"math"
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
// with Keep do. A payload is refused if its frame would begin with another prefix, or
// with a part of one that the next frame could complete.
//
// No frame is split before its prefix is known, so prefixes should be short. Fill of one
// kind ends where a frame of another may begin. The Framer is no [Skipper], [Finisher] or
// [Encloser], whatever those in the map are: a frame that is too large ends the stream if
// it does not announce its size.
//
// Select copies the map. It returns a [*ConfigError] if it is empty, or if one of its
// Framers is nil.
func Select(byPrefix map[string]Framer) (Framer, error) {
	if len(byPrefix) == 0 {
		return nil, &ConfigError{Framer: "select", Option: "prefix", Reason: "there is none; at least one is needed"}
	}
	s := new(selector)
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
}

type kind struct {
	prefix string
	framer Framer
}

// errTooManyParts is for a Framer that needs all of Resume.State: there is one in this
// module, for values of Redis, and it does for many million values in one frame.
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
	return 0, s.foreign(data)
}

// foreign returns the error for data, with which no frame begins. It has no more of it
// than what tells that.
func (s *selector) foreign(data []byte) error {
	most := 0
	for _, k := range s.kinds {
		for n := most; n < len(data) && strings.HasPrefix(k.prefix, string(data[:n])); n++ {
			most = n + 1
		}
	}
	return fmt.Errorf("malformed frame: it begins with %+q, want %s", data[:most], s.prefixes())
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
	var i int
	// State is the one of the kind, times the number of kinds and one, plus its index and
	// one, so that a kind may be a selector, too.
	n := uint64(len(s.kinds) + 1)
	if r.State > 0 {
		i, r.State = int(r.State%n)-1, r.State/n
	} else {
		var err error
		if i, err = s.index(data, false); i < 0 || err != nil {
			return Frame{}, r, err
		}
	}
	frame, next, err := s.kinds[i].framer.Split(data, r)
	switch {
	case err == ErrFill:
		return s.fill(data, i, frame.Size)
	case frame.Size < 0: // a selector cannot skip
		return Frame{}, Resume{}, err
	case next == Resume{}:
	case next.State < math.MaxUint64/n:
		next.State = next.State*n + uint64(i) + 1
	case frame.Size == 0 && err == nil:
		return Frame{}, Resume{}, errTooManyParts
	default:
		next = Resume{}
	}
	return frame, next, err
}

// fill returns how much of data[:size], which is fill for kind i, precedes what may be a
// frame of another kind: that begins where a piece of fill ends, which Split finds if no
// more bytes have arrived.
func (s *selector) fill(data []byte, i, size int) (Frame, Resume, error) {
	at, r := 0, Resume{}
	for n := 1; at < size && at+n <= len(data); n++ {
		if n == 1 {
			if j, err := s.index(data[at:], false); j != i || err != nil {
				break
			}
		}
		frame, next, err := s.kinds[i].framer.Split(data[at:at+n], r)
		if r = next; err == ErrFill {
			at, n, r = at+frame.Size, 0, Resume{}
		}
	}
	return Frame{Size: at}, Resume{}, ErrFill
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
	if reason := s.differs(all[len(dst):], i); reason != "" {
		return dst, &PayloadError{Size: int64(len(payload)), Reason: reason}
	}
	return all, nil
}

// differs returns why Split would not find that frame to be of kind i, or "".
func (s *selector) differs(frame []byte, i int) string {
	switch j, err := s.index(frame, false); {
	case err != nil:
		return err.Error()
	case j < 0:
		return fmt.Sprintf("its frame would be %+q, with which those of another kind begin", frame)
	case j != i:
		return fmt.Sprintf("its frame would begin with %+q, as those of another kind do", s.kinds[j].prefix)
	}
	return ""
}

// MaxEncodedLen implements [Framer].
func (s *selector) MaxEncodedLen(n int) int {
	most := len(s.kinds[0].prefix)
	for _, k := range s.kinds {
		most = max(most, k.framer.MaxEncodedLen(n))
	}
	return most
}
