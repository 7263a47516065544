//go:build !race

package main

// buildFlags make the servers of the tests as this test is made.
var buildFlags []string
