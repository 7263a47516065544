package main

import (
	"net"
	"os"
	"strconv"
	"time"
)

// notify tells the service manager the state of the process, as sd_notify(3)
// describes: "READY=1", for example. Without one it does nothing.
func notify(state string) error {
	socket := os.Getenv("NOTIFY_SOCKET")
	if socket == "" {
		return nil
	}
	c, err := net.Dial("unixgram", socket)
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = c.Write([]byte(state))
	return err
}

// watchdog tells the service manager, twice in the time that it allows, that the
// process is alive, for as long as alive returns. It returns at once if nobody
// wants to know.
func watchdog(alive func()) {
	usec, err := strconv.ParseInt(os.Getenv("WATCHDOG_USEC"), 10, 64)
	if err != nil || usec < 2 || usec > int64(time.Hour/time.Microsecond) {
		return
	}
	if pid := os.Getenv("WATCHDOG_PID"); pid != "" && pid != strconv.Itoa(os.Getpid()) {
		return
	}
	for range time.Tick(time.Duration(usec) * time.Microsecond / 2) {
		alive()
		notify("WATCHDOG=1") // if it fails, the manager notices
	}
}
