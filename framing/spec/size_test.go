package spec_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/wholeframe/wholeframe/framing/spec"
)

func TestSize(t *testing.T) {
	for _, test := range []struct {
		text      string
		want      spec.Size
		canonical string // text if empty
	}{
		{"0", 0, ""},
		{"1", 1, ""},
		{"1023", 1023, ""},
		{"1024", 1 << 10, "1KiB"},
		{"1025", 1025, ""},
		{"0064KiB", 64 << 10, "64KiB"},
		{"1536KiB", 3 << 19, ""},
		{"1024KiB", 1 << 20, "1MiB"},
		{"1MiB", 1 << 20, ""},
		{"1GiB", 1 << 30, ""},
		{"0GiB", 0, "0"},
		{"-1", -1, ""},
		{"-1024", -1024, ""},
		{fmt.Sprint(math.MaxInt), math.MaxInt, ""},
		{fmt.Sprint(-math.MaxInt), -math.MaxInt, ""},
	} {
		var s spec.Size
		if err := s.Set(test.text); err != nil || s != test.want {
			t.Errorf("Set(%q) = %v, %d; want nil, %d", test.text, err, s, test.want)
		}
		if test.canonical == "" {
			test.canonical = test.text
		}
		if got := s.String(); got != test.canonical {
			t.Errorf("Size(%d).String() = %q; want %q", int(s), got, test.canonical)
		}
		if err := s.Set(s.String()); err != nil || s != test.want {
			t.Errorf("Set(%q) = %v, %d; want nil, %d", test.canonical, err, s, test.want)
		}
	}
}

func TestSizeErrors(t *testing.T) {
	check := func(text, want string) {
		t.Helper()
		s := spec.Size(7)
		if err := s.Set(text); err == nil || err.Error() != want || s != 7 {
			t.Errorf("Set(%q) = %v, %d; want %s, and no change", text, err, s, want)
		}
	}
	for _, text := range []string{
		"", "KiB", "1KB", "1kib", "1K", "1B", "1TiB", "1 KiB", " 1", "1.5KiB", "1e3", "0x10", "1_000", "+1", "-0", "-1KiB", "--1", "-",
		fmt.Sprintf("-%d", uint64(math.MaxInt)+1), fmt.Sprintf("-%d", uint64(math.MaxInt)+2), "1KiBKiB", "1MiBKiB", "٣",
	} {
		check(text, fmt.Sprintf("spec: invalid size %q: want bytes, or 64KiB, 1MiB, 2GiB", text))
	}
	for _, text := range []string{
		fmt.Sprint(uint64(math.MaxInt) + 1), "99999999999999999999", fmt.Sprintf("%dGiB", math.MaxInt>>30+1),
		fmt.Sprintf("%dKiB", math.MaxInt>>10+1), fmt.Sprintf("%dKiB", math.MaxInt),
	} {
		check(text, fmt.Sprintf("spec: size %s is too large: the maximum is %d", text, math.MaxInt))
	}
}
