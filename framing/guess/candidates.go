package guess

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/checksum"
	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/framing/enclosed"
	"github.com/wholeframe/wholeframe/framing/spec"
)

// A candidate is a framing that may be that of the data.
type candidate struct {
	spec      string
	framer    framing.Framer
	bare      framing.Framer // framer without its checksum, if it has one
	check     int            // bytes of the checksum
	protocols []string       // presets with this spec
	prior     float64        // bits: how unusual it is
}

// What a candidate must make up for, in bits. The chances 2 to the power of -prior of all
// candidates add up to about one.
const (
	common  = 4 // one of usual
	listed  = 7
	derived = 3 // and 8 for each byte that the data suggests
	swept   = 13
)

// usual are the specs that unknown streams have most often.
var usual = []string{"line", "length", "crlf", "varint", "length,width=2", "length,order=little", "delimiter,hex=00", "varint,offset=1,max-bytes=4,keep"}

// others are forms of framings that no preset and no example shows.
var others = []string{"stuffed,table=hdlc", "stuffed,table=jt808", "stx", "stx,dle", "length,width=1", "delimiter,text=;", "delimiter,text=|"}

// parametric are the framings whose examples are not likelier than any other of their
// specs. Of fixed none is better than another: any data can be split so.
var parametric = []string{"delimiter", "enclosed", "fixed"}

// candidates returns those for data, the more usual ones first.
func candidates(data []byte) []candidate {
	all := slices.Clone(known())
	for n := 1; n <= 2 && n < len(data); n++ {
		begin, end := data[:1], data[len(data)-n:]
		if f, err := delimiter.New(string(end)); err == nil {
			all = append(all, newCandidate(f, derived+float64(8*n)))
		}
		if f, err := enclosed.New(string(begin), string(end)); err == nil {
			all = append(all, newCandidate(f, derived+float64(8+8*n)))
		}
	}
	return all
}

// known returns the candidates for any data. They are made once: what a program registers
// with package spec, it registers before.
var known = sync.OnceValue(func() (all []candidate) {
	at := map[string]int{}
	add := func(text, protocol string, prior float64) {
		f, err := spec.Parse(text)
		if err != nil {
			return // a combination that is not possible
		}
		c := newCandidate(f, prior)
		i, found := at[c.spec]
		if !found {
			i = len(all)
			at[c.spec] = i
			all = append(all, c)
		}
		if protocol != "" {
			all[i].protocols = append(all[i].protocols, protocol)
		}
	}
	for _, s := range usual {
		add(s, "", common)
	}
	for _, p := range spec.Presets() {
		add(p.Spec, p.Name, listed)
	}
	for _, f := range spec.Framings() {
		if !slices.Contains(parametric, f.Name) {
			add(f.Example, "", listed)
		}
	}
	for _, s := range others {
		add(s, "", listed)
	}
	// Length fields of every width, order and offset, and the usual ways to count.
	for _, width := range []int{1, 2, 3, 4, 8} {
		for offset := range 17 {
			for _, order := range []string{"big", "little"} {
				for _, counts := range []string{"", ",includes-header", ",adjust=1", fmt.Sprintf(",adjust=%d", -width)} {
					add(fmt.Sprintf("length,width=%d,order=%s,offset=%d%s", width, order, offset, counts), "", swept)
				}
			}
		}
	}
	return all
})

// newCandidate returns f as a candidate.
func newCandidate(f framing.Framer, prior float64) candidate {
	c := candidate{spec: fmt.Sprint(f), framer: f, bare: f, prior: prior}
	bare, check, _ := strings.Cut(c.spec, ",check=")
	for _, k := range checksum.Kinds() {
		if k.String() == check {
			if f, err := spec.Parse(bare); err == nil {
				c.bare, c.check = f, k.Size()
			}
		}
	}
	return c
}

// checked returns the candidates that are c with a checksum, if it has none.
func (c candidate) checked() (all []candidate) {
	if c.check > 0 {
		return nil
	}
	for _, k := range checksum.Kinds() {
		if f, err := checksum.Wrap(c.framer, k); err == nil {
			all = append(all, newCandidate(f, c.prior+listed))
		}
	}
	return all
}
