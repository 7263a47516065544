package framingtest

import (
	"bytes"
	"errors"
	"math"
	"slices"

	"github.com/wholeframe/wholeframe/framing"
)

// checkEncloser checks that header, payload and trailer of an Encloser are a frame
// that carries the payload, whatever part of the payload AppendHeader was given,
// and that an error of AppendHeader is ErrNoHeader or the refusal of a payload that
// Append refuses too.
func checkEncloser(k *kit, s sample) {
	for _, p := range s.payloads {
		size := int64(len(p))
		for _, n := range []int{0, 1, len(p) / 2, 4 << 10, len(p)} {
			start := p[:min(n, len(p))]
			header, err := k.appendHeader(start, size)
			said := k.now
			switch {
			case err == framing.ErrNoHeader:
			case err != nil:
				k.refusal(err, size)
				if _, err := k.append(p); err == nil {
					k.now = said
					k.failf("AppendHeader refuses the size or the start of payload %s, which Append accepts", quote(p))
				}
			default:
				k.cases++
				frame := slices.Concat(header, p, k.trailer)
				if r := k.first(frame); !r.valid() || r.Size != len(frame) || !bytes.Equal(r.payload, p) {
					k.now = said
					k.failf("header, payload and trailer are %s, in which Split found %v", quote(frame), r)
				}
			}
		}
	}
	if !bytes.Equal(k.encloser.Trailer(), k.trailer) {
		k.failf("Trailer returned %q, and earlier %q", k.encloser.Trailer(), k.trailer)
	}
	for _, size := range []int64{1<<31 - 1, 1 << 31, 1<<32 - 1, 1 << 32, 1 << 40, math.MaxInt64 / 2, math.MaxInt64 - 20, math.MaxInt64 - 8, math.MaxInt64 - 1, math.MaxInt64} {
		k.checkSize(size)
	}
	for _, size := range []int64{-1, -100, math.MinInt64} {
		if _, err := k.appendHeader(nil, size); err == nil || err == framing.ErrNoHeader {
			k.failf("AppendHeader with a negative size: error %v; want a *framing.PayloadError", err)
		} else {
			k.refusal(err, size)
		}
	}
}

// checkSize checks that Split understands the header of a payload that need not fit
// in memory.
func (k *kit) checkSize(size int64) {
	header, err := k.appendHeader(nil, size)
	if err != nil && err != framing.ErrNoHeader {
		k.refusal(err, size)
	}
	if err != nil || len(header) == 0 || k.greedy != nil {
		return
	}
	r := k.first(header)
	if uint64(size)+uint64(len(header)+len(k.trailer)) > math.MaxInt {
		if e := (*framing.TooLargeError)(nil); !r.lost() || !errors.As(r.err, &e) {
			k.failf("the header announces a frame of more than math.MaxInt bytes; Split found %v; want Size 0 and a *framing.TooLargeError", r)
		}
		return
	}
	if want := len(header) + int(size); r.err != nil || r.Start != len(header) || r.End != want || r.Size != want+len(k.trailer) {
		k.failf("this is the header of a payload of %d bytes; Split found %v", size, r)
	}
}

// appendHeader returns a copy of the header that AppendHeader appends.
func (k *kit) appendHeader(start []byte, size int64) ([]byte, error) {
	k.now = call{do: "AppendHeader", data: start, n: size}
	const before = "before"
	given := bytes.Clone(start)
	out, err := k.encloser.AppendHeader([]byte(before), given, size)
	switch {
	case !bytes.Equal(given, start):
		k.failf("AppendHeader has modified the payload: it is now %s", quote(given))
	case !bytes.HasPrefix(out, []byte(before)):
		k.failf("AppendHeader to %q returned %s", before, quote(out))
	case err != nil && len(out) != len(before):
		k.failf("AppendHeader returned an error (%v) and %d bytes more than dst", err, len(out)-len(before))
	}
	return bytes.Clone(out[len(before):]), err
}
