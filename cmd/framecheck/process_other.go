//go:build !linux

package main

import (
	"errors"
	"os"
	"os/exec"
)

// watches is true where processes can be watched, frozen and signalled.
const watches = false

var errLinux = errors.New("processes are watched on Linux only")

func ownGroup(*exec.Cmd) {}

func killGroup(c *exec.Cmd) { _ = c.Process.Kill() } // it may have ended

func (t *target) usage() (memory, descriptors int, err error) { return 0, 0, errLinux }

func (t *target) signal(string) error  { return errLinux }
func (t *target) freeze() error        { return errLinux }
func (t *target) thaw() error          { return errLinux }
func (t *target) limitFiles(int) error { return errLinux }
func (t *target) alone() bool          { return true }

func shrink(*os.File) {}
