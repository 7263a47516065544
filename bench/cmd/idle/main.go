// Idle holds connections to an echo server as it is told on standard input: "open N" opens more of them, "busy N SIZE"
// has each exchange N messages, "closed" counts those that the server has closed. Every command is answered by a
// number. The connections end with the input.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"os"

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
	config := load.Config{Size: 64, Depth: 1}
	flag.StringVar(&config.Addr, "addr", "", "`address` of the server")
	flag.StringVar(&config.Framing, "framing", peer.Length, "line or length")
	atOnce := flag.Int("at-once", 64, "connections that are busy at once")
	flag.Parse()
	clients, err := load.NewClients(config)
	if err != nil {
		return err
	}
	commands := bufio.NewScanner(os.Stdin)
	for commands.Scan() {
		answer, err := obey(clients, commands.Text(), *atOnce)
		if err != nil {
			return err
		}
		fmt.Println(answer)
	}
	if err := commands.Err(); err != nil {
		return err
	}
	return clients.Close()
}

func obey(clients *load.Clients, command string, atOnce int) (answer int, err error) {
	var n, size int
	switch {
	case scan(command, "open %d", &n):
		return n, clients.Open(n)
	case scan(command, "busy %d %d", &n, &size):
		if err := clients.Resize(size); err != nil {
			return 0, err
		}
		return n, clients.Exchange(int64(n), atOnce)
	case command == "closed":
		return clients.Closed(), nil
	default:
		return 0, fmt.Errorf("unknown command %q", command)
	}
}

func scan(text, format string, numbers ...any) bool {
	_, err := fmt.Sscanf(text, format, numbers...)
	return err == nil
}
