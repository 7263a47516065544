package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// processes returns a target whose command is a script that listens nowhere, and waits
// until its group has n processes.
func processes(t *testing.T, n int, script string) *target {
	t.Helper()
	c := exec.Command("sh", "-c", script)
	ownGroup(c)
	require.NoError(t, c.Start())
	tg := &target{o: &options{patience: 20 * time.Second}, addr: "127.0.0.1:99999", command: c, ended: make(chan struct{})}
	go func() {
		defer close(tg.ended)
		_ = c.Wait() // it is killed
	}()
	t.Cleanup(tg.kill)
	require.Eventually(t, func() bool { return len(tg.group()) == n }, 20*time.Second, time.Millisecond)
	return tg
}

// To signal processes that are gone is told: who waits for their end would blame the
// server.
func TestSignalNobody(t *testing.T) {
	tg := processes(t, 1, "exec sleep 1000")
	tg.found = []int{os.Getpid()} // is none of the group
	assert.ErrorContains(t, tg.signal("TERM"), "have ended")
	tg.found = []int{tg.command.Process.Pid}
	require.NoError(t, tg.signal("TERM"))
	<-tg.ended
}

// A server is frozen when all its threads are, not only the first of each process.
func TestFreezeThreads(t *testing.T) {
	tg := processes(t, 1, "exec "+build(t, "../echo")+" -addr=127.0.0.1:0")
	tasks := fmt.Sprintf("/proc/%d/task/*/stat", tg.command.Process.Pid)
	require.Eventually(t, func() bool { all, _ := filepath.Glob(tasks); return len(all) > 2 }, 20*time.Second, time.Millisecond)
	for range 20 {
		require.NoError(t, tg.freeze())
		all, err := filepath.Glob(tasks)
		require.NoError(t, err)
		for _, path := range all {
			assert.Equal(t, "T", fieldsOf(path)[0], path)
		}
		require.NoError(t, tg.thaw())
	}
}

// Each process of a server may have as many descriptors more.
func TestLimitFiles(t *testing.T) {
	tg := processes(t, 2, "sleep 1000 7</dev/null 8</dev/null 9</dev/null & exec sleep 1000")
	for _, p := range tg.group() {
		tg.found = append(tg.found, p.pid)
	}
	sleeps := func() bool { // the shell that they were may have more
		for _, pid := range tg.found {
			name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
			if err != nil || strings.TrimSpace(string(name)) != "sleep" {
				return false
			}
		}
		return true
	}
	require.Eventually(t, sleeps, 20*time.Second, time.Millisecond)
	require.NoError(t, tg.limitFiles(4))
	for _, pid := range tg.found {
		open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
		require.NoError(t, err)
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", pid))
		require.NoError(t, err)
		m := regexp.MustCompile(`Max open files +(\d+)`).FindSubmatch(text)
		require.NotNil(t, m)
		assert.Equal(t, strconv.Itoa(len(open)+4), string(m[1]))
	}
}
