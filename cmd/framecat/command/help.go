package command

import (
	"flag"
	"fmt"
	"strings"
)

// helpText is the error of a command line that asks for help.
type helpText string

func (helpText) Error() string { return "help requested" }

// screenHelp returns what -h prints. It fits a terminal of 80 columns and 24 lines.
func screenHelp() helpText {
	const column = 39
	var s strings.Builder
	s.WriteString("framecat is nc for framed protocols.\n\n")
	for _, m := range modes {
		for _, e := range m.examples {
			if len(e.command) > column {
				e.command += "\n" + strings.Repeat(" ", len("  framecat ")+column)
			}
			fmt.Fprintf(&s, "  framecat %-*s %s\n", column, e.command, e.about)
		}
	}
	s.WriteString(`
HOST PORT and unix:/path are addresses, too. Flags come before them.
  -framing=help  lists the framings and protocols    -flags  lists all flags
Exit codes: 0 all is well, 1 something failed, 2 wrong usage, 130 Ctrl-C.
`)
	return helpText(s.String())
}

// flagHelp returns what -flags prints.
func flagHelp(f *flag.FlagSet, groups []*group, owner map[string]*group) helpText {
	var s strings.Builder
	for i, g := range groups {
		if i > 0 {
			s.WriteString("\n")
		}
		fmt.Fprintf(&s, "%s (%s):\n", g.title, g.modes())
		f.VisitAll(func(each *flag.Flag) {
			if owner[each.Name] != g {
				return
			}
			value, about := flag.UnquoteUsage(each)
			fmt.Fprintf(&s, "  -%s", each.Name)
			if value != "" {
				fmt.Fprintf(&s, " %s", value)
			}
			fmt.Fprintf(&s, "\n    \t%s", about)
			if d := each.DefValue; d != "" && d != "false" && d != "0" && d != "0s" {
				fmt.Fprintf(&s, " (default %s)", d)
			}
			s.WriteString("\n")
		})
	}
	return helpText(s.String())
}
