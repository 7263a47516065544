package framingtest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
)

// These numbers keep a run short.
const (
	maxTokens   = 40
	maxPayloads = 30
	randomCases = 60 // more with the environment variable FRAMINGTEST_CASES
)

// boundaries are the sizes at which length fields and buffers change.
var boundaries = []int{
	16, 31, 32, 63, 64, 100, 125, 126, 127, 128, 129, 253, 254, 255, 256, 257, 508, 509, 1000,
	4095, 4096, 4097, 16383, 16384, 65533, 65534, 65535, 65536, 65537,
}

// samples are what the laws are checked with: all that the kit has found out.
type samples struct {
	payloads    [][]byte // that Append accepts, of less than 100 bytes, small ones first
	large       [][]byte // that Append accepts
	refused     [][]byte
	tokens      [][]byte // pieces of headers and delimiters, of which streams and payloads are made
	terminators [][]byte
	own         []sample // streams that Append wrote
	hostile     []sample // other streams
	greedy      *failure // the Framer allocates what a header announces: spare the machine

	fill    byte  // payloads may consist of it
	sizes   []int // at which they are accepted, ascending
	offered map[string]bool
	rng     *rand.Rand

	boundChecked, sizesChecked bool // checks that need no sample
}

func (k *kit) summary() string {
	most := 0
	for _, p := range slices.Concat(k.payloads, k.large) {
		most = max(most, len(p))
	}
	return fmt.Sprintf("%d payloads of up to %d bytes, %d refused ones, %d streams that Append wrote, %d others",
		len(k.payloads)+len(k.large), most, len(k.refused), len(k.own), len(k.hostile))
}

func (k *kit) streams() []sample {
	return slices.Concat(k.own, k.hostile)
}
func (k *kit) written() []sample        { return k.own }
func (k *kit) hostileStreams() []sample { return k.hostile }

// payloadsAndHostile returns payloads, refused ones too, and streams whose payloads
// are to be appended.
func (k *kit) payloadsAndHostile() (all []sample) {
	for _, p := range slices.Concat(k.payloads, k.refused, k.large) {
		all = append(all, sample{payloads: [][]byte{p}})
	}
	return append(all, k.hostile...)
}

// findSamples finds out what the Framer accepts and writes, from c and by trying.
func (k *kit) findSamples(c Config) {
	k.rng = rand.New(rand.NewPCG(1, 2))
	k.offered = make(map[string]bool)
	for _, p := range c.Payloads {
		if _, err := k.append(p); err != nil {
			k.failf("Append refuses a sample of Config.Payloads: %v", err)
		}
		k.offer(p)
	}
	k.findSizes()
	k.findSpecialBytes()
	k.offer(k.fit(bytes.Repeat([]byte{k.fill}, 1<<16-1)))
	if k.greedy = k.findGreed(); k.greedy == nil {
		k.readPayloads()
	}
	for _, p := range c.Payloads {
		k.token(p)
	}
	for _, wire := range c.Wire {
		k.pieces(wire)
	}
	k.findTokens()
	k.grow()
	k.combine()
	k.findLargest()
	slices.SortStableFunc(k.payloads, func(a, b []byte) int { return len(a) - len(b) })
	k.payloads = thin(k.payloads, maxPayloads)
	if len(k.payloads) == 0 {
		k.payloads, k.large = k.large, thin(k.large, 4)
	}
	if len(k.payloads) < 2 {
		k.failf("Append accepted %d of the payloads tried; give samples in Config.Payloads", len(k.payloads))
	}
	k.payloads = thin(k.payloads, k.few(len(k.payloads)))
	k.makeStreams()
	k.makeHostile(c.Wire)
	k.findTerminators()
}

// accepts reports whether Append accepts payload, and returns the size of the frame.
func (k *kit) accepts(payload []byte) (size int, ok bool) {
	k.now = call{do: "Append", data: payload}
	frame, err := k.f.Append(k.scratch[:0], payload)
	if err != nil {
		return 0, false
	}
	if len(frame) > cap(k.scratch) {
		k.scratch = frame
	}
	return len(frame), true
}

// offer notes whether Append accepts payload, and reports whether it does and was not
// known.
func (k *kit) offer(payload []byte) bool {
	if k.offered[string(payload)] {
		return false
	}
	k.offered[string(payload)] = true
	payload = slices.Clip(bytes.Clone(payload))
	if _, ok := k.accepts(payload); !ok {
		if len(payload) < 300 && len(k.refused) < 2*maxPayloads {
			k.refused = append(k.refused, payload)
		}
		return false
	}
	if len(payload) < 100 {
		k.payloads = append(k.payloads, payload)
	} else {
		k.large = append(k.large, payload)
	}
	return true
}

// token adds t to the tokens.
func (k *kit) token(t []byte) {
	if len(t) == 0 || len(t) > 64 || len(k.tokens) >= maxTokens ||
		slices.ContainsFunc(k.tokens, func(u []byte) bool { return bytes.Equal(t, u) }) {
		return
	}
	k.tokens = append(k.tokens, bytes.Clone(t))
}

// pieces adds short wire, its ends and its first bytes to the tokens.
func (k *kit) pieces(wire []byte) {
	for n := 1; n <= 4 && n <= len(wire); n++ {
		k.token(wire[len(wire)-n:])
	}
	for i := 0; i < 8 && i < len(wire); i++ {
		k.token(wire[i : i+1])
	}
	k.token(wire)
}

// findSizes finds a byte of which payloads may consist, and the sizes accepted.
func (k *kit) findSizes() {
	sizes := slices.Clone(boundaries)
	for n := range 1100 {
		sizes = append(sizes, n)
	}
	slices.Sort(sizes)
	sizes = slices.Compact(sizes)
	for _, fill := range []byte("a0 \x00\x01\xFF\n") {
		block := bytes.Repeat([]byte{fill}, sizes[len(sizes)-1])
		var accepted []int
		for _, n := range sizes {
			if n > 1100 && len(accepted) > 2 {
				break
			}
			if _, ok := k.accepts(block[:n]); ok {
				accepted = append(accepted, n)
			}
		}
		switch {
		case len(accepted) == 1:
			k.offer(block[:accepted[0]])
			if len(k.payloads)+len(k.large) < 2 {
				continue // it may be the delimiter; a record of fixed size accepts another
			}
			fallthrough
		case len(accepted) > 1:
			k.fill, k.sizes = fill, accepted
			return
		}
	}
	k.fill = 'a'
}

// fit returns payload, padded to the next size that is accepted.
func (k *kit) fit(payload []byte) []byte {
	if len(k.sizes) == 0 {
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

// findSpecialBytes appends every byte and every pair, and takes for tokens those that
// are refused, the few that are accepted, and those that occupy more than others.
func (k *kit) findSpecialBytes() {
	const few = 16
	var refused, accepted, longer [][]byte
	usual := 0
	try := func(t []byte) {
		size, ok := k.accepts(k.fit(t))
		class := &accepted
		switch {
		case !ok:
			class = &refused
		case usual == 0:
			usual = size
		case size != usual && len(t) == 1:
			class = &longer
		}
		if len(*class) <= few {
			*class = append(*class, bytes.Clone(t))
		}
	}
	note := func(classes ...[][]byte) {
		for _, class := range classes {
			if len(class) <= few {
				for _, t := range class {
					k.token(t)
				}
			}
		}
	}
	try([]byte{'a'})
	for a := range 256 {
		try([]byte{byte(a)})
	}
	k.token([]byte("a"))
	k.token([]byte("b"))
	note(refused, accepted, longer)

	var special [256]bool
	for _, t := range slices.Concat(refused, longer) {
		special[t[0]] = len(accepted) > 0
	}
	refused, accepted = nil, nil
	step := 1
	if usual > 256 {
		step = 17 // frames are large
	}
	for a := 0; a < 256; a += step {
		for b := range 256 {
			if !special[a] && !special[b] {
				try([]byte{byte(a), byte(b)})
			}
		}
	}
	note(refused)
	if len(accepted) <= few {
		for _, t := range accepted {
			k.offer(k.fit(t))
			k.token(t)
		}
	}
}

// findGreed returns the failure of a Framer that allocates what a header announces.
func (k *kit) findGreed() *failure {
	payload := bytes.Repeat([]byte{k.fill}, 2<<20)
	wire, err := k.f.Append(nil, payload)
	for _, p := range k.large {
		if err != nil && len(p) > 32<<10 {
			payload = p
			wire, err = k.f.Append(nil, p)
		}
	}
	if err != nil {
		return nil
	}
	head := bytes.Clone(wire[:min(len(wire), 64)])
	return k.attempt(func() { k.allocates(head, len(payload)) })
}

// readPayloads finds payloads and tokens in what Split returns for streams that begin
// with some length, and for one that contains every pair of bytes.
func (k *kit) readPayloads() {
	read := func(data []byte) {
		var r result
		_ = k.attempt(func() { r = k.first(data) }) // the laws will show it
		if !r.valid() || len(k.payloads)+len(k.large) >= maxPayloads || !k.offer(r.payload) {
			return
		}
		k.pieces(data[r.End:r.Size])
		if len(k.sizes) == 0 {
			k.pieces(r.payload[max(0, len(r.payload)-3):])
		}
	}
	for c := range 256 {
		read([]byte{'a', byte(c), byte(c)})
	}
	zeros := make([]byte, 1<<16+1<<10)
	read(zeros)
	for i := range 12 {
		for _, c := range []byte{1, 2, 3, 5, 8, 17, 0x80, 0xFF} {
			zeros[i] = c
			read(zeros)
		}
		zeros[i] = 0
	}
	pairs := make([]byte, 0, 1<<16+1)
	for a := range 256 {
		pairs = append(pairs, byte(a))
		for b := a + 1; b < 256; b++ {
			pairs = append(pairs, byte(a), byte(b))
		}
	}
	read(append(pairs, 0))
}

// findTokens takes tokens from the frames of some payloads.
func (k *kit) findTokens() {
	for _, n := range []int{0, 1, 2, 5, 10, 13, 32, 127, 128, 255, 256, 1000} {
		payload := k.fit(bytes.Repeat([]byte{k.fill}, n))
		wire, err := k.append(payload)
		if err != nil {
			continue
		}
		if i := bytes.Index(wire, payload); i >= 0 && len(payload) > 0 {
			k.pieces(wire[:i])
			k.pieces(wire[i+len(payload):])
		} else {
			k.pieces(wire)
		}
	}
	for _, t := range []string{"\x00", "\xff", "\n", "\r", "\r\n", "\x80", "\x01", "\x7f", "\x10", "{", "\x00\x00", "GET "} {
		k.token([]byte(t))
	}
}

// grow makes the payloads known so far larger, where payloads of fill bytes are not
// accepted: by bytes inserted anywhere, and by a number in the payload, which may be
// its size, that grows with it.
func (k *kit) grow() {
	if len(k.sizes) > 3 {
		return
	}
	bases := slices.Concat(k.payloads, k.large)
	slices.SortStableFunc(bases, func(a, b []byte) int { return len(a) - len(b) })
	for _, p := range bases[:min(4, len(bases))] {
		grown := 0
		for _, way := range k.waysToGrow(p) {
			if q := way(3); q == nil || !k.offer(q) {
				continue
			}
			for _, n := range boundaries {
				if q := way(n); q != nil {
					k.offer(q)
				}
			}
			if grown++; grown == 3 {
				break
			}
		}
	}
}

// waysToGrow returns functions that return p with n more bytes, or nil.
func (k *kit) waysToGrow(p []byte) (ways []func(n int) []byte) {
	insert := func(p []byte, at, n int) []byte {
		return slices.Concat(p[:at], bytes.Repeat([]byte{'a'}, n), p[at:])
	}
	for i := range min(16, len(p)) {
		for tail := range min(3, len(p)-i) {
			for _, add := range []func([]byte, int, int) []byte{addBigEndian, addLittleEndian, addDecimal, addVarint} {
				ways = append(ways, func(n int) []byte {
					if q := add(bytes.Clone(p), i, n); q != nil {
						return insert(q, max(0, len(q)-tail), n)
					}
					return nil
				})
			}
		}
	}
	for at := range min(len(p), 32) + 1 {
		ways = append(ways, func(n int) []byte { return insert(p, len(p)-at, n) })
	}
	return ways
}

// addBigEndian adds n to the number whose last byte is p[i].
func addBigEndian(p []byte, i, n int) []byte {
	for ; n > 0 && i >= 0; i-- {
		n += int(p[i])
		p[i] = byte(n)
		n >>= 8
	}
	return p
}

// addLittleEndian adds n to the number whose first byte is p[i].
func addLittleEndian(p []byte, i, n int) []byte {
	for ; n > 0 && i < len(p); i++ {
		n += int(p[i])
		p[i] = byte(n)
		n >>= 8
	}
	return p
}

// addDecimal adds n to the decimal number that starts at p[i].
func addDecimal(p []byte, i, n int) []byte {
	digits := i
	for digits < len(p) && '0' <= p[digits] && p[digits] <= '9' {
		digits++
	}
	v, err := strconv.Atoi(string(p[i:digits]))
	if err != nil {
		return nil
	}
	return slices.Concat(p[:i], strconv.AppendInt(nil, int64(v+n), 10), p[digits:])
}

// addVarint adds n to the varint that starts at p[i].
func addVarint(p []byte, i, n int) []byte {
	v, size := binary.Uvarint(p[i:])
	if size <= 0 {
		return nil
	}
	return slices.Concat(p[:i], binary.AppendUvarint(nil, v+uint64(n)), p[i+size:])
}

// combine tries payloads that are made of tokens, and of whole frames.
func (k *kit) combine() {
	k.offer(nil)
	k.offer(k.fit(nil))
	for _, t := range k.tokens {
		k.offer(k.fit(t))
	}
	for _, t := range k.tokens {
		k.offer(k.fit(slices.Concat([]byte("a"), t, []byte("b"))))
	}
	for i, t := range k.tokens {
		for j := range 4 {
			u := k.tokens[(i*7+j*5+1)%len(k.tokens)]
			k.offer(k.fit(slices.Concat(t, u)))
			k.offer(k.fit(slices.Concat(t, u, t)))
		}
	}
	for _, payload := range slices.Clone(k.payloads) {
		if wire, err := k.append(payload); err == nil && len(wire) < 32 {
			k.offer(k.fit(wire))
		}
	}
}

// findLargest tries payloads of the sizes at which something changes, and finds the
// largest that is accepted, if it is not large.
func (k *kit) findLargest() {
	for i, n := range boundaries {
		k.offer(bytes.Repeat([]byte{k.fill}, n))
		if t := k.tokens[i%len(k.tokens)]; n < 300 {
			k.offer(repeat(t, n)) // every byte of it is special
		}
	}
	for i := 2; i < len(k.tokens); i += 8 {
		k.offer(repeat(k.tokens[i], 1<<16+i))
	}
	if len(k.sizes) == 0 {
		return
	}
	const far = 1 << 17
	accepted := func(n int) bool {
		_, ok := k.accepts(bytes.Repeat([]byte{k.fill}, n))
		return ok
	}
	below := k.sizes[len(k.sizes)-1]
	above := below + below/2 + 1
	for above < far && accepted(above) {
		below, above = above, above+above/2+1
	}
	if above >= far {
		return
	}
	for above-below > 1 {
		if n := below + (above-below)/2; accepted(n) {
			below = n
		} else {
			above = n
		}
	}
	for n := max(0, below-2); n <= above+1; n++ {
		k.offer(bytes.Repeat([]byte{k.fill}, n))
	}
}

// repeat returns the first n bytes of t, t, t and so on.
func repeat(t []byte, n int) []byte {
	return bytes.Repeat(t, n/len(t)+1)[:n]
}

// thin returns n of all, evenly chosen.
func thin[E any](all []E, n int) []E {
	if len(all) <= n {
		return all
	}
	kept := make([]E, n)
	for i := range kept {
		kept[i] = all[i*len(all)/n]
	}
	return kept
}

// few returns how many of n streams to keep: fewer if frames are large.
func (k *kit) few(n int) int {
	frame, err := k.append(k.payloads[0])
	if err != nil || len(frame) < 256 {
		return n
	}
	return max(8, n*256/len(frame))
}

// makeStreams makes the streams that Append writes.
func (k *kit) makeStreams() {
	add := func(payloads ...[]byte) {
		if s := k.stream(payloads...); len(s.ends) > 0 {
			k.own = append(k.own, s)
		}
	}
	n := len(k.payloads)
	for i, p := range k.payloads {
		add(p)
		add(p, k.payloads[(i+1)%n])
		if i%3 == 0 {
			add(p, k.payloads[(i*5+2)%n], p)
		}
	}
	slices.SortStableFunc(k.own, func(a, b sample) int { return len(a.wire) - len(b.wire) })
	add(slices.Concat(k.payloads, k.payloads)...)
	for i, p := range k.large {
		add(p)
		if i%3 == 0 {
			add(k.payloads[i%n], p, k.payloads[(i+1)%n])
		}
	}
	for range k.few(k.randomCases()) {
		var payloads [][]byte
		for range 1 + k.rng.IntN(5) {
			payloads = append(payloads, k.randomPayload())
		}
		add(payloads...)
	}
}

// randomCases returns how many random cases are wanted.
func (k *kit) randomCases() int {
	n, err := strconv.Atoi(os.Getenv("FRAMINGTEST_CASES"))
	if err != nil {
		return randomCases
	}
	return n
}

// randomPayload returns a payload, which may be refused.
func (k *kit) randomPayload() (p []byte) {
	switch k.rng.IntN(8) {
	case 0, 1:
		return pick(k.rng, k.payloads)
	case 2:
		return k.fit(repeat(pick(k.rng, k.tokens), k.rng.IntN(300)))
	case 3:
		for range k.rng.IntN(12) {
			p = append(p, byte(k.rng.Uint32()))
		}
		return k.fit(p)
	}
	for range k.rng.IntN(7) {
		p = append(p, pick(k.rng, k.tokens)...)
	}
	return k.fit(p)
}

func pick[E any](rng *rand.Rand, all []E) E { return all[rng.IntN(len(all))] }

// makeHostile makes streams that Append did not write.
func (k *kit) makeHostile(samples [][]byte) {
	if k.greedy != nil {
		k.hostile = []sample{k.stream(k.payloads[0])} // others would take the machine's memory
		return
	}
	seen := make(map[string]bool)
	var all []sample
	add := func(wire ...[]byte) {
		if w := slices.Concat(wire...); len(w) > 0 && !seen[string(w)] {
			seen[string(w)] = true
			all = append(all, sample{wire: w})
		}
	}
	frame := func(p []byte) []byte {
		w, _ := k.append(p)
		return w
	}
	next := frame(k.payloads[min(1, len(k.payloads)-1)])
	for c := range 256 {
		add([]byte{byte(c)})
	}
	for _, w := range samples {
		add(w)
		add(w, w)
	}
	first := len(all)
	for i, t := range k.tokens {
		add(t, []byte("ab"))
		for j := range 6 {
			add(t, k.tokens[(i+j*j+1)%len(k.tokens)], k.tokens[(i*3+j)%len(k.tokens)])
		}
	}
	for _, c := range []byte{0, 1, 0x7F, 0x80, 0xFF, 'a', '0', '9', '-', ' '} {
		for _, n := range []int{2, 3, 4, 5, 8, 9, 10, 11, 30} {
			run := bytes.Repeat([]byte{c}, n)
			add(run, []byte{0})
			add(run, next)
		}
	}
	damaged := slices.Clone(samples)
	for i := range 6 {
		damaged = append(damaged, frame(k.payloads[i*len(k.payloads)/6]))
	}
	for i, w := range damaged {
		for j := range min(len(w), 14) {
			for _, c := range []byte{0, 1, w[j] - 1, w[j] + 1, 0x7F, 0x80, 0xFF, '-', ' '} {
				add(w[:j], []byte{c}, w[j+1:], next)
			}
			add(w[:j], w[j+1:], next)
			add(w[:j], next)
			add(w[:j], k.tokens[(i+j)%len(k.tokens)], w[j:], next)
		}
	}
	slices.SortStableFunc(all[first:], func(a, b sample) int { return len(a.wire) - len(b.wire) })
	all = append(all[:first:first], thin(all[first:], k.few(280))...)
	for range k.few(k.randomCases()) {
		all = append(all, sample{wire: k.randomHostile()})
	}
	k.hostile = all
}

// randomHostile returns a stream of tokens, or a damaged one that Append wrote.
func (k *kit) randomHostile() (wire []byte) {
	if k.rng.IntN(2) == 0 {
		for range 1 + k.rng.IntN(8) {
			wire = append(wire, pick(k.rng, k.tokens)...)
		}
		return wire
	}
	wire = bytes.Clone(pick(k.rng, k.own).wire)
	for range 1 + k.rng.IntN(3) {
		if len(wire) > 1<<12 {
			wire = wire[:1<<12]
		}
		if len(wire) == 0 {
			return []byte{0}
		}
		i := k.rng.IntN(len(wire))
		switch k.rng.IntN(4) {
		case 0:
			wire[i] = byte(k.rng.Uint32())
		case 1:
			if i > 0 {
				wire = slices.Delete(wire, i, min(len(wire), i+1+k.rng.IntN(4)))
			}
		case 2:
			wire = slices.Insert(wire, i, pick(k.rng, k.tokens)...)
		default:
			wire = append(wire[:i:i], pick(k.rng, k.tokens)...)
		}
	}
	return wire
}

// longStreams returns long frames, and frames whose header or payload becomes long by
// a piece that is repeated.
func (k *kit) longStreams() (all []sample) {
	for _, p := range k.large {
		all = append(all, k.stream(p))
	}
	bases := slices.Concat(k.own[:min(3, len(k.own))], k.hostile[256:min(260, len(k.hostile))])
	for _, s := range bases {
		for i := range min(len(s.wire), 24) {
			for _, piece := range [][]byte{{k.fill}, {'0'}, s.wire[i : i+1], s.wire[:i+1]} {
				all = append(all, sample{wire: slices.Concat(s.wire[:i], repeat(piece, 2000), s.wire[i:])})
			}
		}
	}
	return all
}
