// Package proc reads what Linux knows about a running process.
package proc

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of the times in /proc/PID/stat: USER_HZ is 100 on every architecture that Go runs on.
const tick = time.Second / 100

// Times are the processor time that a process has used.
type Times struct {
	User, System time.Duration
}

// Sum is all of it.
func (t Times) Sum() time.Duration { return t.User + t.System }

// Sub is what was used since before.
func (t Times) Sub(before Times) Times { return Times{t.User - before.User, t.System - before.System} }

// CPU returns the processor time that the process has used so far.
func CPU(pid int) (Times, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return Times{}, err
	}
	return parseCPU(string(stat))
}

func parseCPU(stat string) (t Times, err error) {
	// The second field is the program's name, which may hold anything. The state after it is field 3, utime 14, stime 15.
	end := strings.LastIndexByte(stat, ')')
	fields := strings.Fields(stat[end+1:])
	if end < 0 || len(fields) < 13 {
		return Times{}, fmt.Errorf("proc: %q is no stat line", stat)
	}
	for i, used := range []*time.Duration{&t.User, &t.System} {
		ticks, err := strconv.ParseInt(fields[11+i], 10, 64)
		if err != nil {
			return Times{}, fmt.Errorf("proc: times of a stat line: %w", err)
		}
		*used = time.Duration(ticks) * tick
	}
	return t, nil
}

// Memory is what a process keeps in physical memory, in bytes.
type Memory struct {
	Resident int64 // now
	Peak     int64 // at most, so far
}

// MemoryOf returns the memory of the process.
func MemoryOf(pid int) (Memory, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return Memory{}, err
	}
	return parseMemory(string(status))
}

func parseMemory(status string) (Memory, error) {
	var m Memory
	var err error
	if m.Resident, err = kilobytes(status, "VmRSS:"); err != nil {
		return Memory{}, err
	}
	m.Peak, err = kilobytes(status, "VmHWM:")
	return m, err
}

func kilobytes(status, name string) (int64, error) {
	_, rest, found := strings.Cut(status, "\n"+name)
	if !found {
		return 0, fmt.Errorf("proc: no %s in the status", name)
	}
	value, _, _ := strings.Cut(rest, "\n")
	var n int64
	if _, err := fmt.Sscanf(value, "%d kB", &n); err != nil {
		return 0, fmt.Errorf("proc: %s%s: %w", name, value, err)
	}
	return n << 10, nil
}
