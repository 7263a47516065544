package fleet

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
)

// A Setup is all that measuring needs.
type Setup struct {
	Servers []Built
	CPUs    CPUs
	Tool    string // path of the program that plays the clients
}

// Built is a server that can be started.
type Built struct {
	Server
	Program
}

// Prepare builds the named servers, separated by commas, and the tool that plays their clients. It says on standard
// error which servers are left out because what they need isn't installed.
func Prepare(ctx context.Context, names, tool string) (Setup, error) {
	servers, err := Named(strings.Split(names, ","))
	if err != nil {
		return Setup{}, err
	}
	if err := raiseDescriptorLimit(); err != nil {
		return Setup{}, err
	}
	var s Setup
	if s.CPUs, err = ChooseCPUs(); err != nil {
		return Setup{}, err
	}
	if s.Tool, err = BuildTool(ctx, tool); err != nil {
		return Setup{}, err
	}
	for _, server := range servers {
		program, err := server.Build(ctx)
		if errors.Is(err, ErrMissing) {
			fmt.Fprintln(os.Stderr, "left out:", err)
			continue
		}
		if err != nil {
			return Setup{}, err
		}
		s.Servers = append(s.Servers, Built{server, program})
	}
	return s, nil
}
