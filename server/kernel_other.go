//go:build !linux

package server

import (
	"syscall"
	"time"
)

// Only Linux tells how many bytes have arrived and how many are acknowledged.

func kernelUnread(syscall.RawConn) (int, bool) { return 0, false }

func kernelUnsent(syscall.RawConn) (int, bool) { return 0, false }

func keepUrgent(syscall.RawConn) {}

func kernelQuiet(syscall.RawConn) time.Duration { return quietLeast }

func kernelError(syscall.RawConn) error { return nil }
