package report

import (
	"fmt"
	"os"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/wholeframe/wholeframe/bench/fleet"
)

// Machine describes what the figures were measured on.
type Machine struct {
	CPU        string `json:"cpu"`
	Processors int    `json:"processors"`
	Arch       string `json:"arch"`
	Kernel     string `json:"kernel"`
	Congestion string `json:"congestionControl"` // of TCP: some of them pace even what stays on the machine
	Go         string `json:"go"`
	Pinned     bool   `json:"pinned"` // server and load generator have a processor each
}

// For begins the results of measuring on this machine with what was set up.
func For(setup fleet.Setup) (Results, error) {
	machine, err := thisMachine(setup.CPUs.Pinned)
	if err != nil {
		return Results{}, err
	}
	versions := make(map[string]string)
	for _, server := range setup.Servers {
		versions[server.Name] = server.Version
	}
	return Results{Machine: machine, Versions: versions}, nil
}

// thisMachine describes the machine that runs this program.
func thisMachine(pinned bool) (Machine, error) {
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		return Machine{}, fmt.Errorf("the kernel's version: %w", err)
	}
	congestion, err := os.ReadFile("/proc/sys/net/ipv4/tcp_congestion_control")
	if err != nil {
		return Machine{}, err
	}
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return Machine{}, err
	}
	return Machine{
		CPU:        cpuModel(string(info)),
		Processors: runtime.NumCPU(),
		Arch:       runtime.GOARCH,
		Kernel:     unix.ByteSliceToString(name.Release[:]),
		Congestion: strings.TrimSpace(string(congestion)),
		Go:         runtime.Version(),
		Pinned:     pinned,
	}, nil
}

// cpuModel returns the processor's name, which not every architecture tells.
func cpuModel(info string) string {
	for line := range strings.Lines(info) {
		if key, value, found := strings.Cut(line, ":"); found && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

// String is one line for the head of a report.
func (m Machine) String() string {
	pinned := "not pinned"
	if m.Pinned {
		pinned = "server and load generator on a processor each"
	}
	return fmt.Sprintf("%s, %d processors, %s, Linux %s, TCP %s, %s, %s",
		m.CPU, m.Processors, m.Arch, m.Kernel, m.Congestion, m.Go, pinned)
}
