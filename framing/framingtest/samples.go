package framingtest

import (
	"bytes"
	"fmt"
	"maps"
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
	small       [][]byte // payloads that Append accepts, of less than 100 bytes
	payloads    [][]byte // some of them, small ones first
	large       [][]byte // that Append accepts
	refusals    [][]byte
	tokens      [][]byte // pieces of headers and delimiters, of which streams and payloads are made
	terminators [][]byte
	own         []sample // streams that Append wrote
	others      []sample // hostile ones, and those of Config.Wire
	greedy      *failure // the Framer allocates what a header announces: spare the machine
	offered     map[string]bool
	rng         *rand.Rand
}

func (k *kit) summary() string {
	all := slices.Concat(k.small, k.large)
	return fmt.Sprintf("%d payloads of up to %d bytes, %d refused ones, %d streams that Append wrote, %d others",
		len(all), len(slices.MaxFunc(all, bySize)), len(k.refusals), len(k.own), len(k.others))
}

// prepare finds out what the Framer accepts and writes, from c and by trying, and makes
// streams of it: the same in every run. The environment variable FRAMINGTEST_CASES is
// the number of random ones, by default 50 of each kind.
func (k *kit) prepare(c Config) {
	random, err := strconv.Atoi(os.Getenv("FRAMINGTEST_CASES"))
	if err != nil {
		random = 50
	}
	k.offered, k.rng = make(map[string]bool), rand.New(rand.NewPCG(1, 2))
	for _, p := range c.Payloads {
		if !k.offer(p) {
			k.failf("Append refuses a sample of Config.Payloads, or it is there twice")
		}
		k.token(p)
	}
	for _, wire := range c.Wire {
		k.pieces(wire)
	}
	k.guess()
	if len(k.small) == 0 {
		k.small, k.large = k.large, thin(k.large, 4)
	}
	if len(k.small) < 2 {
		k.now = call{}
		k.failf("Append accepted %d of the payloads tried; give samples in Config.Payloads", len(k.small))
	}
	slices.SortStableFunc(k.small, bySize)
	k.payloads = thin(k.small, k.few(30))
	k.makeStreams(k.few(random))
	if k.greedy == nil {
		k.makeOthers(c.Wire, k.few(random))
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

// maxRefusal is the size of the largest refused payload that is kept, but for the
// smallest that is too large.
const maxRefusal = 300

// guess offers payloads: of one byte repeated, every single byte, what Split returns,
// random ones of pieces of frames, and larger ones made from those that were accepted.
func (k *kit) guess() {
	const far = 1 << 17
	for _, fill := range []string{"a", "0", "\x00"} {
		block := repeat([]byte(fill), far)
		for n := range 40 {
			k.offer(block[:n])
		}
		for _, n := range boundaries {
			k.offer(block[:n])
		}
		most := sort.Search(far, func(n int) bool { return k.accepts(block[:n]) < 0 })
		for n := max(0, most-2); n < min(far, most+2); n++ {
			k.offer(block[:n])
		}
		if maxRefusal < most && most < far && fill == "a" {
			k.refusals = append(k.refusals, block[:most:most]) // the first that is too large
		}
	}
	classes := make(map[int][][]byte) // single bytes by the size of their frame, or -1
	for c := range 256 {
		t := []byte{byte(c)}
		size := k.accepts(t)
		classes[size] = append(classes[size], t)
	}
	for _, size := range slices.Sorted(maps.Keys(classes)) {
		if class := classes[size]; len(class) <= 16 {
			for _, t := range class {
				k.token(t)
			}
		}
	}
	if k.greedy = k.announcesGreedily(); k.greedy == nil {
		for c := range 256 {
			k.readPayload([]byte{'a', byte(c), byte(c)})
		}
		zeros := make([]byte, 1<<16+1<<10)
		for i := range 12 {
			for _, zeros[i] = range []byte{1, 2, 3, 5, 8, 17, 0x80, 0xFF, 0} {
				k.readPayload(zeros)
			}
		}
	}
	for _, p := range slices.Concat(thin(k.small, 12), thin(k.large, 8)) {
		wire, _ := k.append(p)
		before, after, _ := bytes.Cut(wire, p)
		k.pieces(before)
		k.pieces(after)
	}
	for _, t := range []string{"a", "b", "\x00", "\xff", "\n", "\r", "\r\n", "\x80", "\x01", "\x7f", "\x10", "{", "\x00\x00", "GET "} {
		k.token([]byte(t))
	}
	for i, t := range k.tokens {
		k.offer(t)
		k.offer(slices.Concat([]byte("a"), t, []byte("b")))
		k.offer(repeat(t, boundaries[i%16]))
		if i%8 == 2 {
			k.offer(repeat(t, 1<<16+i))
		}
	}
	for i := range 200 {
		w := k.randomWire()
		k.offer(w)
		if k.greedy == nil && i%2 == 0 {
			k.readPayload(repeat(w, len(w)+i%4/2<<13))
		}
	}
	for _, p := range thin(k.small, 60) {
		if wire, err := k.append(p); err == nil && len(wire) < 32 {
			k.offer(wire) // a frame within a frame
		}
	}
	if len(k.large) < 20 {
		k.grow()
	}
}

// accepts returns the size of the frame of payload, or -1 if Append refuses it.
func (k *kit) accepts(payload []byte) int {
	k.now = call{does: "Append(nil, %[1]s)", data: payload}
	frame, err := k.f.Append(k.scratch[:0], payload)
	if err != nil {
		return -1
	}
	return len(frame)
}

// offer notes whether Append accepts payload. It reports whether that is news.
func (k *kit) offer(payload []byte) bool {
	key := string(payload)
	if k.offered[key] {
		return false
	}
	k.offered[key] = true
	ok := k.accepts(slices.Clip([]byte(key))) >= 0
	list := &k.refusals
	switch {
	case ok && len(key) < 100:
		list = &k.small
	case ok:
		list = &k.large
	case len(key) > maxRefusal || len(k.refusals) == 60:
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

// announcesGreedily returns the failure of a Framer that allocates what a header
// announces.
func (k *kit) announcesGreedily() (fail *failure) {
	for _, p := range append(k.large, repeat([]byte("a"), 2<<20)) {
		if wire, err := k.append(p); err == nil && len(p) > 32<<10 && fail == nil {
			fail = k.attempt(func() { k.allocates(wire[:64], len(p)) })
		}
	}
	return fail
}

// readPayload offers what Split returns for data, and takes tokens from the end of the
// frame.
func (k *kit) readPayload(data []byte) {
	var r result
	_ = k.attempt(func() { r = k.first(data) }) // the laws will show it
	if r.valid() && k.offer(r.payload) {
		k.pieces(data[r.End:r.Size])
		k.pieces(r.payload[max(0, len(r.payload)-3):])
	}
}

// grow makes the smallest payloads larger: by bytes inserted anywhere and, in case the
// payload contains its size, by a number that grows with it.
func (k *kit) grow() {
	bases := slices.Concat(k.small, k.large)
	slices.SortStableFunc(bases, bySize)
	for _, p := range bases[:min(6, len(bases))] {
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
			return slices.Concat(p[:at], repeat([]byte("a"), n), p[at:])
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
	return min(n, max(8, n*256/(1+len(k.stream(k.small[0]).wire))))
}

// pick returns one of all.
func pick[E any](k *kit, all []E) E { return all[k.rng.IntN(len(all))] }

// randomWire returns tokens and random bytes.
func (k *kit) randomWire() (b []byte) {
	for range 1 + k.rng.IntN(7) {
		if b = append(b, pick(k, k.tokens)...); k.rng.IntN(4) == 0 {
			b = append(b, byte(k.rng.Uint32()))
		}
	}
	return b
}

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
	for _, p := range slices.Concat(k.small, k.refusals, k.large) {
		all = append(all, sample{payloads: [][]byte{p}})
	}
	return append(all, k.others...)
}

// longStreams returns long frames, and frames whose header or payload becomes long by
// a piece that is repeated.
func (k *kit) longStreams() (all []sample) {
	for _, p := range thin(k.large, 24) {
		all = append(all, k.stream(p))
	}
	for _, s := range slices.Concat(k.own[:min(3, len(k.own))], k.others[:min(4, len(k.others))]) {
		for i := range min(len(s.wire), 24) {
			for _, piece := range [][]byte{{'a'}, {'0'}, s.wire[i : i+1], s.wire[:i+1]} {
				all = append(all, sample{wire: slices.Concat(s.wire[:i], repeat(piece, 2000), s.wire[i:])})
			}
		}
	}
	return all
}

// makeStreams makes streams that Append writes: of one or two payloads, and random
// ones, of which some are refused.
func (k *kit) makeStreams(random int) {
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
	for i, p := range thin(k.large, 24) {
		add(p)
		if i%3 == 0 {
			add(pick(k, k.payloads), p, pick(k, k.payloads))
		}
	}
	for range random {
		payloads := make([][]byte, 1+k.rng.IntN(5))
		for i := range payloads {
			if payloads[i] = pick(k, k.payloads); k.rng.IntN(2) > 0 {
				payloads[i] = k.randomWire()
			}
		}
		add(payloads...)
	}
}

// makeOthers makes streams that Append did not write: those of wire, all single bytes,
// tokens, runs of a byte, and damaged frames.
func (k *kit) makeOthers(wire [][]byte, random int) {
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
	next := k.stream(k.payloads[1]).wire
	for i, t := range k.tokens {
		for j := range 2 {
			add(t, k.tokens[(i+j*j+1)%len(k.tokens)], k.tokens[(i*3+j)%len(k.tokens)])
		}
		add(next[:max(0, len(next)-1)], t, t, next[max(0, len(next)-1):])
	}
	for _, c := range []byte{0, 1, 0x7F, 0x80, 0xFF, 'a', '0', '9', '-', ' '} {
		for _, n := range []int{2, 4, 9, 10, 30} {
			add(bytes.Repeat([]byte{c}, n), []byte{byte(n % 2)})
			add(bytes.Repeat([]byte{c}, n), next)
		}
	}
	simple, damaged := len(k.others), slices.Clone(wire)
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
			add(w[:j], pick(k, k.tokens), w[j:], next)
		}
	}
	k.others = slices.Concat(k.others[:simple], thin(k.others[simple:], k.few(150)))
	for range random {
		w := pick(k, k.own).wire
		i, j := k.rng.IntN(min(len(w), 1<<10)+1), k.rng.IntN(4)
		add(k.randomWire())
		add(w[:i], k.randomWire(), w[min(len(w), i+j):min(len(w), 1<<12)])
	}
	slices.SortStableFunc(k.others[len(wire):], func(a, b sample) int { return len(a.wire) - len(b.wire) })
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
