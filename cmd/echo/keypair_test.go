package main

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Files that are bad are an error once, and then not until they have changed.
func TestKeyPair_TriedOnce(t *testing.T) {
	cert, key := certificate(t)
	k, err := loadKeyPair(cert, key)
	require.NoError(t, err)
	first := k.current.Load()
	good, err := os.ReadFile(cert)
	require.NoError(t, err)
	for _, spoil := range []func() error{
		func() error { return os.WriteFile(cert, []byte("garbage"), 0o600) },
		func() error { return os.Remove(cert) },
	} {
		require.NoError(t, spoil())
		isNew, err := k.load()
		assert.False(t, isNew)
		assert.Error(t, err)
		isNew, err = k.load()
		assert.False(t, isNew)
		assert.NoError(t, err)
		assert.Same(t, first, k.current.Load())
	}
	require.NoError(t, os.WriteFile(cert, good, 0o600))
	isNew, err := k.load()
	assert.True(t, isNew)
	assert.NoError(t, err)
	isNew, err = k.load()
	assert.False(t, isNew)
	assert.NoError(t, err)
}
