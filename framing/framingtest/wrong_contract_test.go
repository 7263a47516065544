package framingtest

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
)

// A wrapped Framer has another Split.
type wrapped struct {
	framing.Framer
	split func(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error)
}

func (w wrapped) Split(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
	return w.split(data, r)
}

// A wrappedSkipper has another Split and Skip.
type wrappedSkipper struct {
	wrapped
	skip func(data []byte, r framing.Resume) (int, framing.Resume, bool)
}

func (w wrappedSkipper) Skip(data []byte, r framing.Resume) (int, framing.Resume, bool) {
	return w.skip(data, r)
}

// rescanning returns lines that are delivered whole, and always searched from the
// first byte.
func rescanning() framing.Framer {
	f := delimiter.Line().Keep()
	return wrapped{f, func(data []byte, _ framing.Resume) (framing.Frame, framing.Resume, error) {
		return f.Split(data, framing.Resume{})
	}}
}

// heads are like "Length: 5\r\n\r\nhello", where the head has up to 1 MiB and is
// parsed from its start at every call.
func heads() framing.Framer {
	const most = 1 << 20
	return fake{
		split: func(data []byte, _ framing.Resume) (framing.Frame, framing.Resume, error) {
			i := bytes.Index(data[:min(len(data), most)], []byte("\r\n\r\n"))
			switch {
			case i < 0 && len(data) >= most:
				return framing.Frame{}, framing.Resume{}, errors.New("the head is too long")
			case i < 0:
				return framing.Frame{}, framing.Resume{}, nil
			}
			for line := range bytes.SplitSeq(data[:i], []byte("\r\n")) {
				if number, ok := bytes.CutPrefix(line, []byte("Length: ")); ok {
					n, err := strconv.ParseUint(string(number), 10, 31)
					end := i + 4 + int(n)
					return framing.Frame{Size: end, Start: i + 4, End: end}, framing.Resume{}, err
				}
			}
			return framing.Frame{}, framing.Resume{}, errors.New("no length")
		},
		add: func(dst, payload []byte) ([]byte, error) {
			return append(fmt.Appendf(dst, "Length: %d\r\n\r\n", len(payload)), payload...), nil
		},
		max: plus(most),
	}
}

// wrongSamples are samples for the Framers that need some, by defect.
var wrongSamples = map[string][]string{
	"loses the depth when it resumes": {"{}", `[[],{"a":"\"}"}]`},
	"loses the depth when it skips":   {"{}", `[[],{"a":"\"}"}]`},
}

// wrongContract are Framers that break what a Resume, Resync, ErrFill and a trailer
// are for, and those that a kit which finds only short payloads does not reject.
var wrongContract = []wrong{
	{"never returns a frame of 128 bytes and more", "L1", func() framing.Framer {
		f, err := lengthprefix.New(lengthprefix.Config{Width: 2, Keep: true})
		if err != nil {
			panic(err)
		}
		return wrapped{f, func(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
			frame, r, err := f.Split(data, r)
			if frame.Size >= 128 {
				return framing.Frame{}, r, err
			}
			return frame, r, err
		}}
	}},
	{"searches whole lines from the first byte, and is looked at while it waits", "L4", rescanning},
	{"searches whole lines from the first byte, and takes quadratic time", "L8", rescanning},
	{"parses a long head from its start at every call", "L8", heads},
	{"loses the depth when it resumes", "L4", func() framing.Framer {
		f := jsonValues{}
		return wrapped{f, func(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
			frame, r, err := f.Split(data, r)
			return frame, framing.Resume{Pos: r.Pos, State: min(r.State, oneDeeper)}, err
		}}
	}},
	{"loses the depth when it skips", "L9", func() framing.Framer {
		f := jsonValues{}
		return wrappedSkipper{wrapped{f, f.Split}, func(data []byte, r framing.Resume) (int, framing.Resume, bool) {
			n, next, end := f.Skip(data, r)
			next.State = min(next.State, oneDeeper)
			return n, next, end
		}}
	}},
	{"finds the next frame at the start of an invalid one", "L9", func() framing.Framer {
		f := marks{}
		return wrappedSkipper{wrapped{f, f.Split}, func(data []byte, r framing.Resume) (int, framing.Resume, bool) {
			if r.State == 1 {
				return 0, r, true
			}
			return f.Skip(data, r)
		}}
	}},
	{"resynchronizes at half of a magic", "L9", func() framing.Framer {
		f := ubx{}
		return wrappedSkipper{wrapped{f, f.Split}, func(data []byte, r framing.Resume) (int, framing.Resume, bool) {
			if i := bytes.Index(data[r.Pos:], ubxMagic); i >= 0 {
				return r.Pos + i, framing.Resume{}, true
			}
			return len(data), framing.Resume{}, false
		}}
	}},
	{"returns Resync and cannot skip", "L6", func() framing.Framer {
		return wrapped{marks{}, marks{}.Split}
	}},
	{"returns fill that has not arrived", "L6", func() framing.Framer {
		f := ending(";")
		split := f.split
		f.split = func(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
			if r.Pos == 0 && data[0] == '\r' {
				return framing.Frame{Size: 2}, r, framing.ErrFill
			}
			return split(data, r)
		}
		return f
	}},
	{"reads a line that it does not write", "L1", func() framing.Framer {
		f := ending("\n")
		f.max = plus(2)
		split, add := f.split, f.add
		f.split = func(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
			frame, r, err := split(data, r)
			if n := frame.End; n > 0 && data[n-1] == '\r' {
				frame.End--
			}
			return frame, r, err
		}
		f.add = func(dst, payload []byte) ([]byte, error) {
			if bytes.HasSuffix(payload, []byte("\r")) {
				return dst, refused(payload)
			}
			return add(dst, payload)
		}
		return f
	}},
	{"refuses with an error of its own", "L1", func() framing.Framer {
		f := ending(";")
		f.add = func(dst, payload []byte) ([]byte, error) {
			if bytes.IndexByte(payload, ';') >= 0 {
				return dst, errMalformed
			}
			return append(append(dst, payload...), ';'), nil
		}
		return f
	}},
	{"accepts any trailer, and a stream is compared with one", "L5", func() framing.Framer {
		f := netstrings()
		split := f.split
		f.split = func(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
			frame, r, err := split(data, r)
			if frame.Size > 0 {
				err = nil
			}
			return frame, r, err
		}
		return f
	}},
	{"verifies a payload that was announced for streaming", "L5", func() framing.Framer {
		return fake{ // a length, a checksum and the payload, of a byte each at least
			split: func(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
				if len(data) < 2 {
					return framing.Frame{}, framing.Resume{}, nil
				}
				f := framing.Frame{Size: 2 + int(data[0]), Start: 2, End: 2 + int(data[0])}
				if f.Size <= len(data) && sum(data[2:f.Size]) != data[1] {
					return f, framing.Resume{}, errMalformed
				}
				return f, framing.Resume{}, nil
			},
			add: func(dst, payload []byte) ([]byte, error) {
				if len(payload) > 255 {
					return dst, refused(payload)
				}
				return append(append(dst, byte(len(payload)), sum(payload)), payload...), nil
			},
			max: plus(2),
		}
	}},
}

func sum(data []byte) (s byte) {
	for _, c := range data {
		s += c
	}
	return s
}
