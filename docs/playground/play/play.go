package play

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/dissect"
	"github.com/wholeframe/wholeframe/framing/spec"
)

// MaxStream is the most bytes that a stream may have here: each is shown.
const MaxStream = 1024

// A Request is the state of the page.
type Request struct {
	Spec    string `json:"spec"`    // the framing, as package spec reads it
	Max     string `json:"max"`     // the most payload bytes, as spec.Size reads it; empty: framing.DefaultMaxPayload
	Mode    Mode   `json:"mode"`    // what Input is
	Input   string `json:"input"`   // what was typed
	Rest    string `json:"rest"`    // bytes that follow those of Input, in hexadecimal
	Cuts    []int  `json:"cuts"`    // between which bytes the stream is cut into pieces: 3 is after the third
	Arrived int    `json:"arrived"` // how many pieces have arrived; negative: all
	End     bool   `json:"end"`     // the stream ends after the last piece
}

// A Response is what the page shows. Where a field of the request is wrong, what
// depends on it is empty.
type Response struct {
	Spec    string `json:"spec"`    // in canonical form
	Program string `json:"program"` // a Go program that serves the framing

	SpecErrors  []Fault `json:"specErrors"` // at most one, as of the next
	MaxErrors   []Fault `json:"maxErrors"`
	InputErrors []Fault `json:"inputErrors"` // of messages one for each that is refused

	// The stream in each notation.
	Hex      string `json:"hex"`
	Text     string `json:"text"`
	Messages string `json:"messages"` // the frames that writing their payloads would give again
	Rest     string `json:"rest"`     // the bytes after those, in hexadecimal

	Cuts    []int `json:"cuts"`    // those of the request that are inside the stream, in order
	Arrived int   `json:"arrived"` // pieces
	Bytes   int   `json:"bytes"`   // bytes that have arrived

	Results []Result `json:"results"`
	Frames  int      `json:"frames"` // Results that are frames
	Errors  int      `json:"errors"` // Results with an error
}

// A Fault is something wrong in a field of the page.
type Fault struct {
	Text string `json:"text"`

	// Where it is in the field: the UTF-16 code units from Start to before End.
	Start int `json:"start"`
	End   int `json:"end"`
}

// A Result is a frame, or bytes that belong to none.
type Result struct {
	Kind    string `json:"kind"` // frame, waiting (for the rest of it), fill, or refused
	Offset  int64  `json:"offset"`
	Size    int    `json:"size"`
	Parts   []Part `json:"parts"`   // of all Size bytes, in order
	Piece   int    `json:"piece"`   // with which the last byte arrived, counted from 1
	Payload string `json:"payload"` // of a frame, as text
	Length  int    `json:"length"`  // of the payload, in bytes
	Error   string `json:"error"`
	At      int64  `json:"at"` // stream offset that the error names
}

// A Part is a run of bytes of one kind.
type Part struct {
	Kind string `json:"kind"` // as package dissect names it
	Size int    `json:"size"`
}

// Play answers a request.
func Play(q Request) Response {
	r := Response{SpecErrors: []Fault{}, MaxErrors: []Fault{}, InputErrors: []Fault{}, Cuts: []int{}, Results: []Result{}}
	limit := spec.Size(framing.DefaultMaxPayload)
	if q.Max != "" {
		if err := limit.Set(q.Max); err != nil {
			r.MaxErrors = append(r.MaxErrors, Fault{err.Error(), 0, units(q.Max)})
		}
	}
	framer, err := spec.Parse(q.Spec)
	if err != nil {
		r.SpecErrors = append(r.SpecErrors, specFault(q.Spec, err))
	} else {
		r.Spec = fmt.Sprint(framer)
	}
	understood := len(r.SpecErrors)+len(r.MaxErrors) == 0
	if understood {
		r.Program = program(framer, limit)
	}
	var stream []byte
	if q.Mode != Messages || understood {
		stream, r.InputErrors = q.stream(framer, int(limit))
	}
	r.Hex, r.Text, r.Rest = hex.EncodeToString(stream), quote(stream), hex.EncodeToString(stream)
	for _, cut := range slices.Compact(slices.Sorted(slices.Values(q.Cuts))) {
		if 0 < cut && cut < len(stream) {
			r.Cuts = append(r.Cuts, cut)
		}
	}
	if understood && len(stream) > 0 {
		var rest []byte
		r.Messages, rest = decode(stream, framer, int(limit))
		r.Rest = hex.EncodeToString(rest)
		r.arrive(dissect.New(framer, int(limit)), stream, q.Arrived, q.End)
	}
	return r
}

// specFault returns what is wrong in a spec, and marks the name or key at fault.
func specFault(text string, err error) Fault {
	f := Fault{err.Error(), 0, units(text)}
	var e *spec.Error
	if errors.As(err, &e) && e.Offset <= len(text) {
		f.Start = units(text[:e.Offset])
		end := e.Offset
		for end < len(text) && text[end] != ',' {
			if text[end] == '\\' {
				end++ // what follows is escaped
			}
			end++
		}
		f.End = units(text[:min(end, len(text))])
	}
	return f
}

// arrive gives the pieces of the stream that have arrived to d and gathers what
// comes of each.
func (r *Response) arrive(d *dissect.Dissector, stream []byte, arrived int, end bool) {
	pieces := len(r.Cuts) + 1
	if arrived < 0 || arrived > pieces {
		arrived = pieces
	}
	ends := append(slices.Clone(r.Cuts), len(stream))
	for r.Arrived < arrived {
		d.Write(stream[r.Bytes:ends[r.Arrived]])
		r.Bytes = ends[r.Arrived]
		r.Arrived++
		for p, ok := d.Next(); ok; p, ok = d.Next() {
			r.add(p, "refused")
		}
	}
	if end && arrived == pieces {
		if p, ok := d.Finish(); ok {
			r.add(p, "refused")
		}
	} else if p, ok := d.Pending(); ok {
		r.add(p, "waiting")
	}
}

// add appends the Result for a piece; kind is that of a piece without a frame, an
// error or fill bytes. The bytes of a refused frame, or of a lost stream, come in
// several pieces, which are one Result.
func (r *Response) add(p dissect.Piece, kind string) {
	n := Result{Kind: kind, Offset: p.Offset, Size: len(p.Wire), Piece: r.Arrived}
	switch {
	case p.Whole:
		n.Kind, n.Payload, n.Length = "frame", quote(p.Payload), len(p.Payload)
		r.Frames++
	case p.Err != nil:
		n.Error, n.At = p.Err.Error(), offset(p.Err, p.Offset)
		r.Errors++
	case p.Parts[0].Kind == dissect.Fill:
		n.Kind = "fill"
	}
	if last := len(r.Results) - 1; last >= 0 && r.Results[last].Kind == n.Kind && !p.Whole && p.Err == nil {
		r.Results[last].Size += n.Size
		r.Results[last].Piece = n.Piece
	} else {
		r.Results = append(r.Results, n)
	}
	last := &r.Results[len(r.Results)-1]
	for _, part := range p.Parts {
		kind, size := part.Kind.String(), part.End-part.Start
		if i := len(last.Parts) - 1; i >= 0 && last.Parts[i].Kind == kind {
			last.Parts[i].Size += size
		} else {
			last.Parts = append(last.Parts, Part{kind, size})
		}
	}
}

// offset returns the stream offset that err names, or usual.
func offset(err error, usual int64) int64 {
	var (
		large  *framing.TooLargeError
		format *framing.FormatError
		eof    *framing.UnexpectedEOFError
	)
	switch {
	case errors.As(err, &large):
		return large.Offset
	case errors.As(err, &format):
		return format.Offset
	case errors.As(err, &eof):
		return eof.Offset
	}
	return usual
}
