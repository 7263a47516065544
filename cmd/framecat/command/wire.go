package command

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/dissect"
)

// A view shows the bytes of one direction, frame by frame: each is shown when it
// is whole, or when it is clear that it will never be.
type view struct {
	out     *screen
	arrow   string // "-> " or "<- "
	arrival string // "write" or "read"; "": it says nothing where one ended
	cut     *dissect.Dissector
	total   int64     // bytes that have arrived
	ends    []arrival // that are not shown yet
	count   int       // messages
}

// An arrival is what one write or read has brought.
type arrival struct {
	end  int64 // stream offset after it
	size int
}

// view returns the view of one direction, whose frames are those of f.
func (j *job) view(f framing.Framer, arrow, arrival string) *view {
	return &view{out: j.out, arrow: arrow, arrival: arrival, cut: dissect.New(f, int(j.maxPayload))}
}

// arrived adds the bytes of one write or read, and shows the complete pieces.
func (v *view) arrived(p []byte) {
	v.add(p)
	for piece, ok := v.cut.Next(); ok; piece, ok = v.cut.Next() {
		v.show(piece)
	}
}

// add adds the bytes of one write or read.
func (v *view) add(p []byte) {
	v.cut.Write(p)
	v.total += int64(len(p))
	if v.arrival != "" && len(p) > 0 {
		v.ends = append(v.ends, arrival{v.total, len(p)})
	}
}

// end shows what is there of a last frame that is not whole.
func (v *view) end() {
	if piece, ok := v.cut.Finish(); ok {
		v.show(piece)
	}
}

// show prints a piece in one call.
func (v *view) show(p dissect.Piece) {
	var b bytes.Buffer
	if len(p.Wire) > 0 {
		v.title(&b, p)
		v.rows(&b, p)
	}
	if p.Err != nil {
		fmt.Fprintf(&b, "%s%s\n", indent, v.out.paint.paint(clean(p.Err.Error()), dissect.Lost))
	}
	v.out.Write(b.Bytes())
}

const (
	indent  = "   "
	perRow  = 16
	hexSize = 3*perRow + 1 // columns
)

// title prints what the piece is: "-> message 1: header 4, payload 5".
func (v *view) title(b *bytes.Buffer, p dissect.Piece) {
	b.WriteString(v.arrow)
	if p.Whole {
		v.count++
		fmt.Fprintf(b, "message %d:", v.count)
	} else {
		fmt.Fprintf(b, "%s:", bytesOf(len(p.Wire)))
	}
	var sizes [len(colors)]int
	for _, part := range p.Parts {
		sizes[part.Kind] += part.End - part.Start
	}
	separator := " "
	for i, n := range sizes {
		if n > 0 {
			k := dissect.Kind(i)
			b.WriteString(separator + v.out.paint.paint(fmt.Sprintf("%v %d", k, n), k))
			separator = ", "
		}
	}
	b.WriteString("\n")
}

// rows prints the bytes, and a line after each at which an arrival ended.
func (v *view) rows(b *bytes.Buffer, p dissect.Piece) {
	kinds := make([]dissect.Kind, 0, len(p.Wire))
	for _, part := range p.Parts {
		for range part.End - part.Start {
			kinds = append(kinds, part.Kind)
		}
	}
	for at := 0; at < len(p.Wire); {
		n := min(perRow, len(p.Wire)-at)
		offset := p.Offset + int64(at)
		if len(v.ends) > 0 && v.ends[0].end <= offset+int64(n) {
			n = int(v.ends[0].end - offset)
		}
		v.row(b, offset, p.Wire[at:at+n], kinds[at:at+n])
		at += n
		if len(v.ends) > 0 && v.ends[0].end == offset+int64(n) {
			fmt.Fprintf(b, "%s-------- %s of %s ended here\n", indent, v.arrival, bytesOf(v.ends[0].size))
			v.ends = v.ends[1:]
		}
	}
}

// row prints up to perRow bytes as digits and as text.
func (v *view) row(b *bytes.Buffer, offset int64, wire []byte, kinds []dissect.Kind) {
	fmt.Fprintf(b, "%s%08x ", indent, offset)
	columns := 0
	for i, c := range wire {
		if i == perRow/2 {
			b.WriteString(" ")
			columns++
		}
		b.WriteString(" " + v.out.paint.paint(fmt.Sprintf("%02x", c), kinds[i]))
		columns += 3
	}
	b.WriteString(strings.Repeat(" ", hexSize-columns+2))
	for i, c := range wire {
		if c < ' ' || c > '~' {
			c = '.'
		}
		b.WriteString(v.out.paint.paint(string(rune(c)), kinds[i]))
	}
	b.WriteString("\n")
}
