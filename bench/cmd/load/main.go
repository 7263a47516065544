// Load keeps an echo server busy and prints what it measured as JSON. The runner starts it in a process of its own, so
// that it can have a processor of its own.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/wholeframe/wholeframe/bench/load"
	"github.com/wholeframe/wholeframe/bench/peers/peer"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	var config load.Config
	var window load.Window
	flag.StringVar(&config.Addr, "addr", "", "`address` of the server")
	flag.StringVar(&config.Framing, "framing", peer.Line, "line or length")
	flag.IntVar(&config.Size, "size", 64, "`bytes` of payload in a message")
	flag.IntVar(&config.Depth, "depth", 1, "messages on their way per connection")
	flag.IntVar(&window.Conns, "conns", 64, "connections")
	flag.DurationVar(&window.Warmup, "warmup", time.Second, "load before the measurement")
	flag.DurationVar(&window.For, "for", 3*time.Second, "the measurement")
	flag.IntVar(&window.PID, "pid", 0, "`process` of the server, to measure its processor time")
	flag.Parse()
	result, err := load.Measure(config, window)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(result)
}
