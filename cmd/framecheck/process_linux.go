package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// watches is true where processes can be watched, frozen and signalled.
const watches = true

// ownGroup makes c the leader of a process group.
func ownGroup(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// killGroup kills the command's process group.
func killGroup(c *exec.Cmd) { _ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL) } // none of it may be left

// servers returns the processes of the command's group that listen on the address, or
// did so when they were last asked for. The command itself may be a shell, or the go
// command, that waits for them.
func (t *target) servers() ([]int, error) {
	inodes, err := t.listening()
	if err != nil {
		return nil, err
	}
	var found []int
	for _, p := range t.group() {
		links, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", p.pid))
		if err != nil {
			return nil, err
		}
		for _, link := range links {
			if name, err := os.Readlink(link); err == nil && slices.Contains(inodes, name) {
				found = append(found, p.pid)
				break
			}
		}
	}
	if len(found) > 0 {
		t.found = found
	}
	if len(t.found) == 0 {
		return nil, errors.New("no process of the command listens on " + t.addr)
	}
	return t.found, nil
}

// listening returns the names of the sockets that listen on the port of the address.
func (t *target) listening() (sockets []string, err error) {
	_, port, _ := strings.Cut(t.addr, ":")
	n, err := strconv.Atoi(port)
	if err != nil {
		return nil, err
	}
	const local, state, inode, listen = 1, 3, 9, "0A"
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		text, err := os.ReadFile(table)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(string(text)) {
			f := strings.Fields(line)
			if len(f) > inode && f[state] == listen && strings.HasSuffix(f[local], fmt.Sprintf(":%04X", n)) {
				sockets = append(sockets, "socket:["+f[inode]+"]")
			}
		}
	}
	return sockets, nil
}

// alone reports whether none of the command's processes is left.
func (t *target) alone() bool { return len(t.group()) == 0 }

// shrink makes a pipe hold little.
func shrink(w *os.File) {
	// If that fails it holds more.
	_, _ = unix.FcntlInt(w.Fd(), unix.F_SETPIPE_SZ, 4096)
}

// A process is a line of /proc.
type process struct {
	pid, parent int
	resident    int // bytes
}

// group returns the processes of the command's group.
func (t *target) group() (all []process) {
	paths, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is valid
	for _, path := range paths {
		f := fieldsOf(path)
		const parent, group, resident = 1, 2, 21
		if len(f) <= resident || f[group] != strconv.Itoa(t.command.Process.Pid) {
			continue
		}
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		p := process{pid: pid}
		p.parent, _ = strconv.Atoi(f[parent])
		pages, _ := strconv.Atoi(f[resident])
		p.resident = pages * os.Getpagesize()
		all = append(all, p)
	}
	return all
}

// fieldsOf returns the fields of a stat file that follow the name: the first is the
// state of the process or thread. There are none if it has ended.
func fieldsOf(path string) []string {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	return strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:])) // the name, in parentheses, may contain anything
}

// stopped reports whether all threads of a process have stopped or ended.
func (p process) stopped() bool {
	paths, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", p.pid)) // the pattern is valid
	return !slices.ContainsFunc(paths, func(path string) bool {
		f := fieldsOf(path)
		return len(f) > 0 && !slices.Contains([]string{"T", "Z", "X"}, f[0])
	})
}

// usage returns the resident memory, in bytes, and the open descriptors of the server.
func (t *target) usage() (memory, descriptors int, err error) {
	pids, err := t.servers()
	if err != nil {
		return 0, 0, err
	}
	for _, p := range t.group() {
		if !slices.Contains(pids, p.pid) {
			continue
		}
		entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p.pid))
		if err != nil {
			return 0, 0, err
		}
		memory, descriptors = memory+p.resident, descriptors+len(entries)
	}
	return memory, descriptors, nil
}

// signal sends a signal to the server: of several processes, to those that no other of
// them has started.
func (t *target) signal(name string) error {
	s := map[string]syscall.Signal{"TERM": syscall.SIGTERM, "INT": syscall.SIGINT, "KILL": syscall.SIGKILL}[name]
	if s == 0 {
		return fmt.Errorf("unknown signal %q", name)
	}
	pids, err := t.servers()
	if err != nil {
		return err
	}
	signalled := 0
	for _, p := range t.group() {
		if slices.Contains(pids, p.pid) && !slices.Contains(pids, p.parent) {
			if err := syscall.Kill(p.pid, s); err != nil {
				return err
			}
			signalled++
		}
	}
	if signalled == 0 {
		return errors.New("the processes that listened on " + t.addr + " have ended")
	}
	return nil
}

// freeze stops all processes of the command, and returns when all threads have stopped.
func (t *target) freeze() error {
	if err := syscall.Kill(-t.command.Process.Pid, syscall.SIGSTOP); err != nil {
		return err
	}
	for began := time.Now(); time.Since(began) < t.o.patience; time.Sleep(time.Millisecond) {
		if !slices.ContainsFunc(t.group(), func(p process) bool { return !p.stopped() }) {
			return nil
		}
	}
	return errors.New("the processes of the command do not stop")
}

// thaw lets all processes of the command continue.
func (t *target) thaw() error { return syscall.Kill(-t.command.Process.Pid, syscall.SIGCONT) }

// limitFiles lets each process of the server have at most n descriptors more.
func (t *target) limitFiles(n int) error {
	pids, err := t.servers()
	if err != nil {
		return err
	}
	for _, pid := range pids {
		entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
		if err != nil {
			return err
		}
		most := uint64(len(entries) + n)
		limit := unix.Rlimit{Cur: most, Max: most}
		if err := unix.Prlimit(pid, unix.RLIMIT_NOFILE, &limit, nil); err != nil {
			return err
		}
	}
	return nil
}
