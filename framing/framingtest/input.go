package framingtest

import (
	"bytes"
	"iter"
	"slices"

	"pgregory.net/rapid"
)

// An input is what a law is checked with.
type input struct {
	payloads [][]byte // what Append was given; nil: wire is not of its making
	ends     []int    // where the frames in wire end
	wire     []byte
	cuts     []int // to cut wire at; nil: where the law sees fit
}

// size returns the bytes of in.
func (in input) size() int {
	n := len(in.wire)
	for _, p := range in.payloads {
		n += len(p)
	}
	return n
}

// stream returns the stream that carries those of payloads that are accepted.
func (k *kit) stream(payloads ...[]byte) (in input) {
	for _, p := range payloads {
		wire, err := k.append(p)
		if err != nil || len(in.wire)+len(wire) > 1<<18 {
			continue
		}
		in.payloads = append(in.payloads, p)
		in.wire = append(in.wire, wire...)
		in.ends = append(in.ends, len(in.wire))
	}
	return in
}

// smallest returns the largest payload, of those that are known, below all
// the smallest of in.
func (in input) smallest() int {
	least := len(in.payloads[0])
	for _, p := range in.payloads {
		least = min(least, len(p))
	}
	return least
}

// starts returns where frame i of in begins.
func (in input) start(i int) int {
	if i == 0 {
		return 0
	}
	return in.ends[i-1]
}

// candidates yields single payloads, such as are refused included.
func (k *kit) candidates() iter.Seq[input] {
	return func(yield func(input) bool) {
		for _, p := range slices.Concat(k.payloads, k.refused, k.large) {
			if !yield(input{payloads: [][]byte{p}}) {
				return
			}
		}
	}
}

// singles yields streams of one frame.
func (k *kit) singles() iter.Seq[input] {
	return func(yield func(input) bool) {
		for _, p := range slices.Concat(k.payloads, k.large) {
			if in := k.stream(p); !yield(in) {
				return
			}
		}
	}
}

// long yields single frames of many bytes.
func (k *kit) long() iter.Seq[input] {
	return func(yield func(input) bool) {
		for _, p := range k.large {
			if in := k.stream(p); !yield(in) {
				return
			}
		}
	}
}

// largest yields the largest frame.
func (k *kit) largest() iter.Seq[input] {
	return func(yield func(input) bool) { yield(k.stream(k.most)) }
}

// streams yields streams of frames that Append wrote.
func (k *kit) streams() iter.Seq[input] {
	if k.fixedStreams == nil {
		k.fixedStreams = k.makeStreams()
	}
	return slices.Values(k.fixedStreams)
}

func (k *kit) makeStreams() (all []input) {
	add := func(payloads ...[]byte) {
		if in := k.stream(payloads...); len(in.ends) > 0 {
			all = append(all, in)
		}
	}
	n := len(k.payloads)
	for _, p := range k.payloads {
		add(p)
	}
	for i, p := range k.payloads {
		add(p, k.payloads[(i+1)%n])
		if i%3 == 0 {
			add(p, k.payloads[(i*5+2)%n], p)
		}
	}
	slices.SortStableFunc(all, func(a, b input) int { return len(a.wire) - len(b.wire) })
	add(slices.Concat(k.payloads, k.payloads)...)
	for i, p := range k.large {
		add(p)
		if i%3 == 0 {
			add(k.payloads[i%n], p, k.payloads[(i+1)%n])
		}
	}
	return all
}

// hostile yields streams that Append did not write; only one that it did where
// hostile ones would have the machine's memory.
func (k *kit) hostile() iter.Seq[input] {
	if k.greedy != nil {
		return slices.Values([]input{k.stream(k.payloads[0])})
	}
	if k.fixedHostile == nil {
		k.fixedHostile = k.makeHostile()
	}
	return slices.Values(k.fixedHostile)
}

func (k *kit) makeHostile() (all []input) {
	seen := make(map[string]bool)
	add := func(wire ...[]byte) {
		if w := slices.Concat(wire...); len(w) > 0 && !seen[string(w)] {
			seen[string(w)] = true
			all = append(all, input{wire: w})
		}
	}
	for _, w := range k.wire {
		add(w)
		add(w, w)
	}
	for c := range 256 {
		add([]byte{byte(c)})
	}
	for i, t := range k.tokens {
		add(t, []byte("ab"))
		for j := range 6 {
			add(t, k.tokens[(i+j*j+1)%len(k.tokens)], k.tokens[(i*3+j)%len(k.tokens)])
		}
	}
	whole := func(p []byte) []byte {
		w, err := k.append(p)
		if err != nil {
			return nil
		}
		return w
	}
	next := whole(k.payloads[min(1, len(k.payloads)-1)])
	var runs []input // of one byte, before a frame
	for _, c := range []byte{0, 1, 0x7F, 0x80, 0xFF, 'a', '0', '9', '-', ' '} {
		for _, n := range []int{2, 3, 4, 5, 8, 9, 10, 11, 30} {
			run := bytes.Repeat([]byte{c}, n)
			add(run, []byte{0})
			add(run, []byte{1})
			runs = append(runs, input{wire: slices.Concat(run, next)})
		}
	}
	for i := range 6 {
		w := whole(k.payloads[i*len(k.payloads)/6])
		for j := 0; j < len(w) && j < 14; j++ {
			for _, c := range []byte{0, 1, w[j] - 1, w[j] + 1, 0x7F, 0x80, 0xFF, '-', ' '} {
				if c != w[j] {
					d := bytes.Clone(w)
					d[j] = c
					add(d, next)
				}
			}
			add(w[:j], w[j+1:], next)
			add(w[:j], next)
			add(w[:j], k.tokens[(i+j)%len(k.tokens)], w[j:], next)
		}
	}
	slices.SortStableFunc(all, func(a, b input) int { return len(a.wire) - len(b.wire) })
	short, _ := slices.BinarySearchFunc(all, 3, func(in input, n int) int { return len(in.wire) - n })
	// Where a frame is large, the many that are much alike are fewer.
	return slices.Concat(all[:short], thin(runs, k.few(90)), thin(all[short:], k.few(180)))
}

// few returns how many of n inputs are to be taken, where each has a frame or
// more.
func (k *kit) few(n int) int {
	frame, err := k.append(k.payloads[0])
	if err != nil || len(frame) < 256 {
		return n
	}
	return max(8, n*256/len(frame))
}

// everything yields streams and hostile.
func (k *kit) everything() iter.Seq[input] {
	return func(yield func(input) bool) {
		for in := range k.streams() {
			if !yield(in) {
				return
			}
		}
		for in := range k.hostile() {
			if !yield(in) {
				return
			}
		}
	}
}

// drawPayload draws a payload, which may be refused.
func (k *kit) drawPayload(t *rapid.T) []byte {
	switch rapid.IntRange(0, 9).Draw(t, "kind") {
	default:
		var p []byte
		for range rapid.IntRange(0, 6).Draw(t, "tokens") {
			p = append(p, rapid.SampledFrom(k.tokens).Draw(t, "token")...)
		}
		return k.fit(p)
	case 7:
		return rapid.SampledFrom(k.payloads).Draw(t, "payload")
	case 8:
		n := rapid.IntRange(0, 300).Draw(t, "size")
		return k.fit(repeat(rapid.SampledFrom(k.tokens).Draw(t, "token"), n))
	case 9:
		return k.fit(rapid.SliceOfN(rapid.Byte(), 0, 12).Draw(t, "bytes"))
	}
}

// repeat returns n bytes of t over and over.
func repeat(t []byte, n int) []byte {
	return bytes.Repeat(t, n/len(t)+1)[:n]
}

func (k *kit) drawCandidate(t *rapid.T) input {
	return input{payloads: [][]byte{k.drawPayload(t)}}
}

func (k *kit) drawStream(t *rapid.T) input {
	var payloads [][]byte
	for range rapid.IntRange(1, 5).Draw(t, "frames") {
		p := k.drawPayload(t)
		if _, err := k.append(p); err != nil {
			p = rapid.SampledFrom(k.payloads).Draw(t, "payload")
		}
		payloads = append(payloads, p)
	}
	in := k.stream(payloads...)
	in.cuts = drawCuts(t, len(in.wire))
	return in
}

// drawCuts draws where to cut n bytes.
func drawCuts(t *rapid.T, n int) []int {
	cuts := []int{}
	if n < 2 {
		return cuts
	}
	for range rapid.IntRange(1, 6).Draw(t, "cuts") {
		cuts = append(cuts, rapid.IntRange(1, n-1).Draw(t, "cut"))
	}
	slices.Sort(cuts)
	return slices.Compact(cuts)
}

func (k *kit) drawHostile(t *rapid.T) (in input) {
	if k.greedy != nil {
		return k.drawStream(t)
	}
	if rapid.Bool().Draw(t, "mutated") {
		in.wire = k.drawStream(t).wire
		for range rapid.IntRange(1, 3).Draw(t, "mutations") {
			in.wire = k.mutate(t, in.wire)
		}
	} else {
		for range rapid.IntRange(1, 8).Draw(t, "tokens") {
			in.wire = append(in.wire, rapid.SampledFrom(k.tokens).Draw(t, "token")...)
		}
	}
	if len(in.wire) == 0 {
		in.wire = []byte{0}
	}
	in.cuts = drawCuts(t, len(in.wire))
	return in
}

// mutate changes wire in one place.
func (k *kit) mutate(t *rapid.T, wire []byte) []byte {
	if len(wire) == 0 {
		return wire
	}
	i := rapid.IntRange(0, len(wire)-1).Draw(t, "at")
	token := func() []byte { return rapid.SampledFrom(k.tokens).Draw(t, "token") }
	switch rapid.IntRange(0, 3).Draw(t, "mutation") {
	case 0:
		wire[i] = rapid.Byte().Draw(t, "byte")
		return wire
	case 1:
		return slices.Delete(wire, i, min(len(wire), i+rapid.IntRange(1, 4).Draw(t, "bytes")))
	case 2:
		return slices.Insert(wire, i, token()...)
	default:
		return append(wire[:i:i], token()...)
	}
}

func (k *kit) drawAnything(t *rapid.T) input {
	if rapid.Bool().Draw(t, "hostile") {
		return k.drawHostile(t)
	}
	return k.drawStream(t)
}

// cuttings yields the ways to cut in: every single cut and pair of cuts of
// what is short, the promising ones of what is long.
func cuttings(in input) iter.Seq[[]int] {
	return func(yield func([]int) bool) {
		n := len(in.wire)
		if in.cuts != nil {
			_ = yield(in.cuts) && yield(every(1, n))
			return
		}
		single := places(in)
		for _, i := range single {
			if !yield([]int{i}) {
				return
			}
		}
		if n <= 8 || n <= 16 && in.ends != nil {
			for i := 1; i < n; i++ {
				for j := i + 1; j < n; j++ {
					if !yield([]int{i, j}) {
						return
					}
				}
			}
		}
		switch {
		case n <= 200:
			yield(every(1, n))
		case n <= 1<<12:
			_ = yield(every(7, n)) && yield(every(100, n))
		default:
			yield(every(4096, n))
		}
	}
}

// places returns where a single cut is promising: everywhere, if wire is short.
func places(in input) []int {
	n := len(in.wire)
	if n <= 64 {
		return every(1, n)
	}
	var cuts []int
	near := func(at, before, behind int) {
		for i := max(1, at-before); i <= at+behind && i < n; i++ {
			cuts = append(cuts, i)
		}
	}
	if n < 1<<12 {
		near(0, 0, 10)
		near(127, 1, 3)
		near(255, 1, 3)
		near(n, 10, 0)
	} else {
		near(0, 0, 4)
		near(n, 2, 0)
	}
	for i, end := range in.ends {
		if i < 2 {
			near(end, 1, 4)
		}
	}
	near(n/2, 0, 0)
	slices.Sort(cuts)
	return slices.Compact(cuts)
}

// every returns the multiples of step below n.
func every(step, n int) []int {
	cuts := make([]int, 0, n/step)
	for i := step; i < n; i += step {
		cuts = append(cuts, i)
	}
	return cuts
}
