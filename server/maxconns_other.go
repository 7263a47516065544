//go:build !unix

package server

// defaultMaxConns returns 10,000: there is no limit of open descriptors.
func defaultMaxConns() int { return 10_000 }
