package proc

import (
	"os"
	"testing"
	"time"
)

func TestParseCPU(t *testing.T) {
	got, err := parseCPU("42 (a ) b) S 1 42 42 0 -1 4194304 100 0 0 0 150 25 7 7 20 0 5 0 100 200 300\n")
	if err != nil || got != (Times{1500 * time.Millisecond, 250 * time.Millisecond}) || got.Sum() != 1750*time.Millisecond {
		t.Errorf("got %v, %v; want 1.5s in user mode and 0.25s in the kernel", got, err)
	}
	for _, bad := range []string{"", "42 (a) S 1 2", "42 (a) S 1 42 42 0 -1 4194304 100 0 0 0 x 25"} {
		if _, err := parseCPU(bad); err == nil {
			t.Errorf("%q was taken for a stat line", bad)
		}
	}
}

func TestParseMemory(t *testing.T) {
	got, err := parseMemory("Name:\ta\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\n")
	if want := (Memory{Resident: 1 << 20, Peak: 2 << 20}); err != nil || got != want {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	for _, bad := range []string{"", "Name:\ta\nVmHWM:\t2 kB\n", "Name:\ta\nVmRSS:\tx kB\nVmHWM:\t2 kB\n"} {
		if _, err := parseMemory(bad); err == nil {
			t.Errorf("%q was taken for a status", bad)
		}
	}
}

func TestOwnProcess(t *testing.T) {
	if _, err := CPU(os.Getpid()); err != nil {
		t.Error(err)
	}
	m, err := MemoryOf(os.Getpid())
	if err != nil || m.Resident <= 0 || m.Peak < m.Resident {
		t.Errorf("got %+v, %v", m, err)
	}
}
