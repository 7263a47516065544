//go:build unix

package server_test

import (
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/server"
	"github.com/wholeframe/wholeframe/server/internal/fakenet"
)

// T7: without a MaxConns there are 10,000 connections at most, or 80 % of the
// limit of descriptors.
func TestT7DefaultMaxConns(t *testing.T) {
	var usual syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &usual))
	defer func() { assert.NoError(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &usual)) }()
	for _, limit := range []syscall.Rlimit{{Cur: 1000, Max: usual.Max}, usual} {
		require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit))
		onFake(t, &server.Server{}, func(f *fake) {
			for range 10_010 {
				_, err := f.Dial(fakenet.Buffers(1))
				require.NoError(t, err)
			}
			synctest.Wait()
			assert.EqualValues(t, min(10_000, uint64(limit.Cur)/5*4), f.Open())
		})
	}
}
