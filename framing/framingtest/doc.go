// Package framingtest checks that a Framer keeps the laws of a [framing.Framer].
package framingtest
