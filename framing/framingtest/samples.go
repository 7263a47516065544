package framingtest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"sort"
	"strconv"
)

// boundaries are the sizes at which length fields and buffers change.
var boundaries = []int{
	16, 31, 32, 63, 64, 100, 125, 126, 127, 128, 129, 253, 254, 255, 256, 257, 508, 509, 1000,
	4095, 4096, 4097, 16383, 16384, 65533, 65534, 65535, 65536, 65537,
}

// A catalog is what the laws are checked with: all that was found out about a Framer.
type catalog struct {
	payloads    [][]byte // that Append accepts, of less than 100 bytes, small ones first
	large       [][]byte // that Append accepts
	refusals    [][]byte
	tokens      [][]byte // pieces of headers and delimiters, of which streams and payloads are made
	terminators [][]byte
	own         []sample // streams that Append wrote
	others      []sample // hostile ones, and those of Config.Wire
	greedy      *failure // the Framer allocates what a header announces: spare the machine

	fill    byte  // payloads may consist of it
	sizes   []int // at which they are accepted, ascending
	offered map[string]bool
}

func (k *kit) summary() string {
	all := slices.Concat(k.payloads, k.large)
	most := slices.MaxFunc(all, bySize)
	return fmt.Sprintf("%d payloads of up to %d bytes, %d refused ones, %d streams that Append wrote, %d others",
		len(all), len(most), len(k.refusals), len(k.own), len(k.others))
}

// prepare finds out what the Framer accepts and writes, from c and by trying, and makes
// streams of it: the same in every run. The environment variable FRAMINGTEST_CASES is
// the number of random ones, by default 100 of each kind.
func (k *kit) prepare(c Config) {
	random, err := strconv.Atoi(os.Getenv("FRAMINGTEST_CASES"))
	if err != nil {
		random = 100
	}
	rng := rand.New(rand.NewPCG(1, 2))
	k.offered = make(map[string]bool)
	for _, p := range c.Payloads {
		if _, ok := k.accepts(p); !ok {
			k.failf("Append refuses a sample of Config.Payloads")
		}
		k.offer(p)
	}
	k.guessSizes()
	k.guessSpecialBytes()
	k.offer(bytes.Repeat([]byte{k.fill}, 1<<16-1))
	if k.greedy = k.announcesGreedily(); k.greedy == nil {
		k.readPayloads()
	}
	for _, p := range c.Payloads {
		k.token(p)
	}
	for _, wire := range c.Wire {
		k.pieces(wire)
	}
	k.readTokens()
	k.grow()
	k.combine()
	slices.SortStableFunc(k.payloads, bySize)
	if len(k.payloads) == 0 {
		k.payloads, k.large = k.large, thin(k.large, 4)
	}
	if len(k.payloads) < 2 {
		k.now = call{}
		k.failf("Append accepted %d of the payloads tried; give samples in Config.Payloads", len(k.payloads))
	}
	k.payloads = thin(k.payloads, k.few(30))
	k.makeStreams(rng, k.few(random))
	if k.greedy == nil {
		k.makeOthers(c.Wire, rng, k.few(random))
	} else {
		k.others = k.own[:1] // others would take the machine's memory
	}
	for _, s := range k.streams() {
		var r result
		_ = k.attempt(func() { r = k.first(s.wire) }) // the laws will show it
		if r.valid() && r.End < r.Size && len(k.terminators) < 8 && !contains(k.terminators, s.wire[r.End:r.Size]) {
			k.terminators = append(k.terminators, s.wire[r.End:r.Size])
		}
	}
}

// accepts reports whether Append accepts payload, and returns the size of the frame.
func (k *kit) accepts(payload []byte) (size int, ok bool) {
	k.now = call{does: "Append(nil, %[1]s)", data: payload}
	frame, err := k.f.Append(k.scratch[:0], payload)
	if cap(frame) > cap(k.scratch) {
		k.scratch = frame
	}
	return len(frame), err == nil
}

// offer notes whether Append accepts payload. It reports whether that is news.
func (k *kit) offer(payload []byte) bool {
	key := string(payload)
	if k.offered[key] {
		return false
	}
	k.offered[key] = true
	_, ok := k.accepts(slices.Clip([]byte(key)))
	list := &k.refusals
	switch {
	case ok && len(key) < 100:
		list = &k.payloads
	case ok:
		list = &k.large
	case len(key) > 300 || len(k.refusals) == 60:
		return false
	}
	*list = append(*list, slices.Clip([]byte(key)))
	return ok
}

// token adds t to the tokens.
func (k *kit) token(t []byte) {
	if 0 < len(t) && len(t) <= 64 && len(k.tokens) < 40 && !contains(k.tokens, t) {
		k.tokens = append(k.tokens, bytes.Clone(t))
	}
}

func contains(all [][]byte, b []byte) bool {
	return slices.ContainsFunc(all, func(a []byte) bool { return bytes.Equal(a, b) })
}

// pieces adds short wire, its ends and its first bytes to the tokens.
func (k *kit) pieces(wire []byte) {
	for n := range min(4, len(wire)) {
		k.token(wire[len(wire)-n-1:])
	}
	for i := range min(8, len(wire)) {
		k.token(wire[i : i+1])
	}
	k.token(wire)
}

// guessSizes finds a byte of which payloads may consist, and the sizes accepted.
func (k *kit) guessSizes() {
	sizes := slices.Clone(boundaries)
	for n := range 1100 {
		sizes = append(sizes, n+1)
	}
	slices.Sort(sizes)
	sizes = slices.Compact(sizes)
	singles := 0
	for _, k.fill = range []byte("a0 \x00\x01\xFF\na") {
		block := bytes.Repeat([]byte{k.fill}, sizes[len(sizes)-1])
		k.sizes = nil
		for _, n := range sizes {
			if n > 1100 && len(k.sizes) > 2 {
				return
			}
			if _, ok := k.accepts(block[:n]); ok {
				k.sizes = append(k.sizes, n)
			}
		}
		if len(k.sizes) == 1 {
			k.offer(block[:k.sizes[0]]) // a delimiter, or else another byte is accepted too
			singles++
		}
		if len(k.sizes) > 1 || singles == 2 {
			return
		}
	}
}

// fit returns payload, padded or cut to a size that is accepted.
func (k *kit) fit(payload []byte) []byte {
	if len(k.sizes) == 0 || len(payload) == 0 {
		return payload
	}
	i, ok := slices.BinarySearch(k.sizes, len(payload))
	switch last := k.sizes[len(k.sizes)-1]; {
	case ok || len(payload) > last && last >= 1000:
		return payload
	case i == len(k.sizes):
		return payload[:last]
	}
	return append(bytes.Clone(payload), bytes.Repeat([]byte{k.fill}, k.sizes[i]-len(payload))...)
}

// guessSpecialBytes appends every byte and every pair, and takes for tokens those that
// are refused or accepted, if they are few, or that occupy more than others.
func (k *kit) guessSpecialBytes() {
	const few = 16
	usual, step := 0, 1
	var special [256]bool
	for n := 1; n <= 2; n++ {
		var classes [3][][]byte // refused, accepted, longer
		for v := 0; v < 1<<(8*n); v += step {
			t := []byte{byte(v >> 8), byte(v)}[2-n:]
			if n == 2 && (special[t[0]] || special[t[1]]) {
				continue
			}
			class := 0
			if size, ok := k.accepts(k.fit(t)); ok {
				class = 1
				if usual == 0 {
					usual = size
				} else if n == 1 && size != usual {
					class = 2
				}
			}
			if len(classes[class]) <= few {
				classes[class] = append(classes[class], t)
			}
		}
		for i, class := range classes {
			for _, t := range class {
				if len(class) <= few {
					k.token(t)
					k.offer(k.fit(t))
				}
				special[t[0]] = n == 1 && i != 1 && len(classes[1]) > 0
			}
		}
		if usual > 256 {
			step = 17 // frames are large
		}
	}
}

// announcesGreedily returns the failure of a Framer that allocates what a header
// announces.
func (k *kit) announcesGreedily() (fail *failure) {
	for _, p := range append(k.large, bytes.Repeat([]byte{k.fill}, 2<<20)) {
		if wire, err := k.append(p); err == nil && len(p) > 32<<10 && fail == nil {
			fail = k.attempt(func() { k.allocates(wire[:64], len(p)) })
		}
	}
	return fail
}

// readPayloads finds payloads and tokens in what Split returns for streams that begin
// with a length or end with a delimiter.
func (k *kit) readPayloads() {
	read := func(data []byte) {
		var r result
		_ = k.attempt(func() { r = k.first(data) }) // the laws will show it
		if r.valid() && len(k.payloads)+len(k.large) < 30 && k.offer(r.payload) {
			k.pieces(data[r.End:r.Size])
			if len(k.sizes) == 0 {
				k.pieces(r.payload[max(0, len(r.payload)-3):])
			}
		}
	}
	for c := range 256 {
		read([]byte{'a', byte(c), byte(c)})
	}
	zeros := make([]byte, 1<<16+1<<10)
	for i := range 12 {
		for _, zeros[i] = range []byte{1, 2, 3, 5, 8, 17, 0x80, 0xFF, 0} {
			read(zeros)
		}
	}
}

// readTokens takes tokens from the frames of some payloads.
func (k *kit) readTokens() {
	for _, n := range []int{0, 1, 2, 5, 10, 13, 32, 127, 128, 255, 256, 1000} {
		payload := k.fit(bytes.Repeat([]byte{k.fill}, n))
		wire, _ := k.append(payload)
		if before, after, ok := bytes.Cut(wire, payload); ok && n > 0 {
			k.pieces(before)
			k.pieces(after)
		} else {
			k.pieces(wire)
		}
	}
	for _, t := range []string{"a", "b", "\x00", "\xff", "\n", "\r", "\r\n", "\x80", "\x01", "\x7f", "\x10", "{", "\x00\x00", "GET "} {
		k.token([]byte(t))
	}
}

// grow makes the smallest payloads larger, where those of fill bytes are not accepted:
// by bytes inserted anywhere and, in case the payload contains its size, by a number
// that grows with it.
func (k *kit) grow() {
	bases := slices.Concat(k.payloads, k.large)
	if len(k.sizes) > 3 {
		return
	}
	slices.SortStableFunc(bases, bySize)
	for _, p := range bases[:min(4, len(bases))] {
		grown := 0
		for _, way := range waysToGrow(p) {
			if grown < 3 && k.offer(way(3)) {
				grown++
				for _, n := range boundaries {
					k.offer(way(n))
				}
			}
		}
	}
}

// waysToGrow returns functions that return p with n more bytes.
func waysToGrow(p []byte) (ways []func(n int) []byte) {
	for tail := range min(len(p), 32) + 1 {
		insert := func(p []byte, n int) []byte {
			at := len(p) - tail
			return slices.Concat(p[:at], bytes.Repeat([]byte("a"), n), p[at:])
		}
		for i := range min(16, len(p)) {
			for _, step := range []int{-1, 1} { // big-endian, little-endian
				ways = append(ways, func(n int) []byte {
					q := bytes.Clone(p)
					for j, v := i, n; v > 0 && 0 <= j && j < len(q); j += step {
						v += int(q[j])
						q[j] = byte(v)
						v >>= 8
					}
					return insert(q, n)
				})
			}
		}
		ways = append(ways, func(n int) []byte { return insert(p, n) })
	}
	return ways
}

// combine tries payloads of tokens and whole frames, of the sizes at which something
// changes, and of the largest size accepted, if that is not large.
func (k *kit) combine() {
	k.offer(nil)
	for i, t := range k.tokens {
		k.offer(k.fit(t))
		k.offer(k.fit(slices.Concat([]byte("a"), t, []byte("b"))))
		for j := range 4 {
			u := k.tokens[(i*7+j*5+1)%len(k.tokens)]
			k.offer(k.fit(slices.Concat(t, u)))
			k.offer(k.fit(slices.Concat(t, u, t)))
		}
		if i%8 == 2 {
			k.offer(repeat(t, 1<<16+i))
		}
	}
	slices.SortStableFunc(k.payloads, bySize)
	k.payloads = thin(k.payloads, 60)
	for _, payload := range slices.Clone(k.payloads) {
		if wire, err := k.append(payload); err == nil && len(wire) < 32 {
			k.offer(k.fit(wire))
		}
	}
	for i, n := range boundaries {
		k.offer(bytes.Repeat([]byte{k.fill}, n))
		if n < 300 {
			k.offer(repeat(k.tokens[i%len(k.tokens)], n)) // every byte is special
		}
	}
	if len(k.sizes) > 0 {
		const far = 1 << 17
		block := bytes.Repeat([]byte{k.fill}, far)
		least := k.sizes[len(k.sizes)-1]
		most := least + sort.Search(far-least, func(n int) bool { _, ok := k.accepts(block[:least+n]); return !ok })
		for n := max(0, most-3); n <= most+1 && most < far; n++ {
			k.offer(block[:n])
		}
	}
}

func bySize(a, b []byte) int { return len(a) - len(b) }

// repeat returns the first n bytes of t, t, t and so on.
func repeat(t []byte, n int) []byte { return bytes.Repeat(t, n/len(t)+1)[:n] }

// thin returns n of all, evenly chosen.
func thin[E any](all []E, n int) (kept []E) {
	for i := range min(n, len(all)) {
		kept = append(kept, all[i*len(all)/min(n, len(all))])
	}
	return kept
}

// few returns how many of n streams to make: fewer if frames are large.
func (k *kit) few(n int) int {
	return min(n, max(8, n*256/(1+len(k.stream(k.payloads[0]).wire))))
}

func pick[E any](rng *rand.Rand, all []E) E { return all[rng.IntN(len(all))] }

// A sample is a case that a law is checked with: a stream, or a payload for Append.
type sample struct {
	payloads [][]byte // that Append was given; nil if it did not write wire
	wire     []byte   // nil if the sample is a payload, which may be refused
	ends     []int    // where the frames of wire end
}

// stream returns the stream that carries those of payloads that are accepted.
func (k *kit) stream(payloads ...[]byte) (s sample) {
	for _, p := range payloads {
		if wire, err := k.append(p); err == nil && len(s.wire)+len(wire) < 1<<18 {
			s.payloads = append(s.payloads, p)
			s.wire = append(s.wire, wire...)
			s.ends = append(s.ends, len(s.wire))
		}
	}
	return s
}

func (k *kit) streams() []sample      { return slices.Concat(k.own, k.others) }
func (k *kit) ownStreams() []sample   { return k.own }
func (k *kit) otherStreams() []sample { return k.others }

// payloadsAndOthers returns payloads, refused ones too, and streams whose payloads are
// to be appended.
func (k *kit) payloadsAndOthers() (all []sample) {
	for _, p := range slices.Concat(k.payloads, k.refusals, k.large) {
		all = append(all, sample{payloads: [][]byte{p}})
	}
	return append(all, k.others...)
}

// longStreams returns long frames, and frames whose header or payload becomes long by
// a piece that is repeated.
func (k *kit) longStreams() (all []sample) {
	for _, p := range k.large {
		all = append(all, k.stream(p))
	}
	for _, s := range slices.Concat(k.own[:min(3, len(k.own))], k.others[:min(4, len(k.others))]) {
		for i := range min(len(s.wire), 24) {
			for _, piece := range [][]byte{{k.fill}, {'0'}, s.wire[i : i+1], s.wire[:i+1]} {
				all = append(all, sample{wire: slices.Concat(s.wire[:i], repeat(piece, 2000), s.wire[i:])})
			}
		}
	}
	return all
}

// makeStreams makes streams that Append writes: of one or two payloads, and random
// ones, of which some are refused.
func (k *kit) makeStreams(rng *rand.Rand, random int) {
	add := func(payloads ...[]byte) {
		if s := k.stream(payloads...); len(s.wire) > 0 {
			k.own = append(k.own, s)
		}
	}
	for i, p := range k.payloads {
		add(p)
		add(p, k.payloads[(i+1)%len(k.payloads)])
		add(p, k.payloads[0], p)
	}
	slices.SortStableFunc(k.own, func(a, b sample) int { return len(a.wire) - len(b.wire) })
	add(slices.Concat(k.payloads, k.payloads)...)
	for i, p := range k.large {
		add(p)
		if i%3 == 0 {
			add(pick(rng, k.payloads), p, pick(rng, k.payloads))
		}
	}
	for range random {
		payloads := make([][]byte, 1+rng.IntN(5))
		for i := range payloads {
			if payloads[i] = pick(rng, k.payloads); rng.IntN(6) > 0 {
				payloads[i] = k.fit(k.randomWire(rng))
			}
		}
		add(payloads...)
	}
}

// randomWire returns tokens and random bytes.
func (k *kit) randomWire(rng *rand.Rand) (b []byte) {
	for range 1 + rng.IntN(7) {
		if b = append(b, pick(rng, k.tokens)...); rng.IntN(4) == 0 {
			b = append(b, byte(rng.Uint32()))
		}
	}
	return b
}

// makeOthers makes streams that Append did not write: those of wire, all single bytes,
// tokens, runs of a byte, and damaged frames.
func (k *kit) makeOthers(wire [][]byte, rng *rand.Rand, random int) {
	seen := make(map[string]bool)
	add := func(parts ...[]byte) {
		if w := slices.Concat(parts...); len(w) > 0 && !seen[string(w)] {
			seen[string(w)] = true
			k.others = append(k.others, sample{wire: w})
		}
	}
	for _, w := range wire {
		add(w)
		add(w, w)
	}
	for c := range 256 {
		add([]byte{byte(c)})
	}
	simple := len(k.others)
	next := k.stream(k.payloads[1]).wire
	for i, t := range k.tokens {
		for j := range 6 {
			add(t, k.tokens[(i+j*j+1)%len(k.tokens)], k.tokens[(i*3+j)%len(k.tokens)])
		}
		add(next[:len(next)-1], t, t, next[len(next)-1:])
	}
	for _, c := range []byte{0, 1, 0x7F, 0x80, 0xFF, 'a', '0', '9', '-', ' '} {
		for _, n := range []int{2, 3, 4, 5, 8, 9, 10, 11, 30} {
			add(bytes.Repeat([]byte{c}, n), []byte{byte(n % 2)})
			add(bytes.Repeat([]byte{c}, n), next)
		}
	}
	damaged := slices.Clone(wire)
	for _, p := range thin(k.payloads, 6) {
		damaged = append(damaged, k.stream(p).wire)
	}
	for _, w := range damaged {
		for j := range min(len(w), 14) {
			for _, c := range []byte{0, 1, w[j] - 1, w[j] + 1, 0x7F, 0x80, 0xFF, '-', ' '} {
				add(w[:j], []byte{c}, w[j+1:], next)
			}
			add(w[:j], w[j+1:], next)
			add(w[:j], next)
			add(w[:j], pick(rng, k.tokens), w[j:], next)
		}
	}
	k.others = slices.Concat(k.others[:simple], thin(k.others[simple:], k.few(280)))
	for range random {
		w := pick(rng, k.own).wire
		i, j := rng.IntN(min(len(w), 1<<10)+1), rng.IntN(4)
		add(k.randomWire(rng))
		add(w[:i], k.randomWire(rng)[:1+j/2], w[min(len(w), i+j):min(len(w), 1<<12)])
	}
	slices.SortStableFunc(k.others[simple:], func(a, b sample) int { return len(a.wire) - len(b.wire) })
}

// cuttings returns ways to cut s.wire: in one place, in two if it is short and thorough
// is set, and in many.
func (s sample) cuttings(thorough bool) (all [][]int) {
	n := len(s.wire)
	for _, i := range s.places() {
		all = append(all, []int{i})
		for j := i + 1; j < n && thorough && (n <= 8 || n <= 14 && s.ends != nil); j++ {
			all = append(all, []int{i, j})
		}
	}
	step := 1
	switch {
	case n > 1<<12:
		step = 4096
	case n > 200:
		step = 7
	}
	var many []int
	for i := step; i < n; i += step {
		many = append(many, i)
	}
	return append(all, many)
}

// places returns where a single cut matters: everywhere, if s.wire is short.
func (s sample) places() (at []int) {
	n := len(s.wire)
	for i := 1; i < n; i++ {
		end := s.ends != nil && (i >= s.ends[0]-1 && i <= s.ends[0]+4)
		if n <= 64 || end || i < 5 || n-i < 3 || i == n/2 || n < 1<<12 && (i <= 10 || n-i <= 10 || i%128 < 3 && i < 300) {
			at = append(at, i)
		}
	}
	return at
}
