//go:build unix

package server

import "syscall"

const usualMaxConns = 10_000

// defaultMaxConns returns 10,000, or 80 % of the limit of open descriptors.
func defaultMaxConns() int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return usualMaxConns
	}
	return int(min(usualMaxConns, uint64(limit.Cur)/5*4))
}
