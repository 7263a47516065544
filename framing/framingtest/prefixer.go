package framingtest

import (
	"bytes"
	"errors"
	"math"

	"github.com/wholeframe/wholeframe/framing"
)

// prefixing checks that a Prefixer's header, the payload and its trailer are
// what Append writes.
func (k *kit) prefixing(in input) *failure {
	p := in.payloads[0]
	wire, refusal := k.append(p)
	header, fail, err := k.appendHeader(int64(len(p)))
	if fail != nil {
		return fail
	}
	if err == nil {
		if refusal != nil {
			return failf(k.now, "AppendHeader writes a header for %d bytes, and Append refuses %s: %v", len(p), quote(p), refusal)
		}
		whole := append(append(bytes.Clone(header), p...), k.prefixer.Trailer()...)
		if !bytes.Equal(whole, wire) {
			return failf(call{do: "append", data: p}, "Append writes %s; header, payload and trailer are %s", quote(wire), quote(whole))
		}
	}
	for _, size := range []int64{1<<31 - 1, 1 << 31, 1<<32 - 1, 1 << 32, 1 << 40, math.MaxInt64 / 2, math.MaxInt64 - 20, math.MaxInt64 - 8, math.MaxInt64 - 1, math.MaxInt64} {
		if fail := k.announcing(size); fail != nil {
			return fail
		}
	}
	for _, size := range []int64{-1, -int64(len(p)) - 1, math.MinInt64} {
		if _, fail, err := k.appendHeader(size); fail != nil || err == nil {
			if fail == nil {
				fail = failf(k.now, "AppendHeader accepts a negative size")
			}
			return fail
		}
	}
	return nil
}

// announcing checks that Split understands the header of a payload of size
// bytes, which need not fit into memory.
func (k *kit) announcing(size int64) *failure {
	header, fail, err := k.appendHeader(size)
	if fail != nil || err != nil || len(header) == 0 || k.greedy != nil {
		return fail
	}
	trailer := len(k.prefixer.Trailer())
	r, fail := k.first(header)
	if fail != nil {
		return fail
	}
	if uint64(size)+uint64(len(header)+trailer) > math.MaxInt {
		if e := (*framing.TooLargeError)(nil); !r.lost() || !errors.As(r.err, &e) {
			return failf(k.now, "The header announces %d bytes, more than an int can say with the header; Split says: %v; a TooLargeError with Size 0 is due", size, r)
		}
		return nil
	}
	if r.err != nil || int64(r.End-r.Start) != size || r.Start != len(header) || r.Size != r.End+trailer {
		return failf(k.now, "The header is for %d bytes; Split says: %v", size, r)
	}
	return nil
}

// appendHeader calls AppendHeader and checks that it leaves dst alone.
func (k *kit) appendHeader(size int64) (header []byte, fail *failure, err error) {
	k.now = call{do: "header", size: size}
	before := []byte("before")
	out, err := k.prefixer.AppendHeader(bytes.Clone(before), size)
	if !bytes.HasPrefix(out, before) {
		return nil, failf(k.now, "AppendHeader has changed what was in dst before: %s", quote(out)), nil
	}
	if err != nil && len(out) != len(before) {
		return nil, failf(k.now, "AppendHeader refuses the size (%v), but returns dst with %d bytes more", err, len(out)-len(before)), nil
	}
	return bytes.Clone(out[len(before):]), nil, err
}
