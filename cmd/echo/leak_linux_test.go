package main

import "os"

func init() {
	descriptors = func() (open []string) {
		const dir = "/proc/self/fd/"
		fds, _ := os.ReadDir(dir)
		for _, fd := range fds {
			if to, err := os.Readlink(dir + fd.Name()); err == nil { // but for that of dir itself
				open = append(open, to)
			}
		}
		return open
	}
}
