// Package operations operates the reference server as its documents say: replicas
// behind HAProxy and nginx that are restarted in turn, a port that is handed over,
// certificates that change, one address that floods. It counts what clients see.
package operations
