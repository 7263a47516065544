package matrix

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

var cells = map[Verdict]string{Pass: "✓", Fail: "✗", NotStrict: "~", Informational: "·", DoesNotApply: ""}

// Servers returns a table of the servers.
func Servers(servers []Server) string {
	var b strings.Builder
	b.WriteString("| server | version | frames with | after |\n|---|---|---|---|\n")
	for _, s := range servers {
		fmt.Fprintf(&b, "| [%s](%s) | %s | %s | %s |\n", s.Name, s.Dir, s.Version, s.Frames, s.After)
	}
	return b.String()
}

// Table returns the table of cases and servers in the framing that is the i-th. Cases that
// apply to no server are left out.
func Table(servers []Server, i int) string {
	var b strings.Builder
	b.WriteString("| case |")
	for _, s := range servers {
		fmt.Fprintf(&b, " %s |", s.Name)
	}
	b.WriteString("\n|---|" + strings.Repeat(":-:|", len(servers)) + "\n")
	for _, c := range allCases(servers, i) {
		row, applies := fmt.Sprintf("| %s %s |", c.Number, c.Rule), false
		for _, s := range servers {
			cell := s.Reports[i].cell(c.Number)
			applies = applies || cell != ""
			row += " " + cell + " |"
		}
		if applies {
			b.WriteString(row + "\n")
		}
	}
	return b.String()
}

// allCases returns the cases of the server that has the most.
func allCases(servers []Server, i int) []Case {
	return slices.MaxFunc(servers, func(a, b Server) int {
		return cmp.Compare(len(a.Reports[i].Cases), len(b.Reports[i].Cases))
	}).Reports[i].Cases
}

// cell returns the verdict of a case, and in how many rounds it was that if they differ;
// "" if it was not played.
func (r *Report) cell(number string) string {
	for _, c := range r.Cases {
		if c.Number == number {
			return strings.TrimSpace(cells[c.Verdict] + " " + c.share())
		}
	}
	return ""
}

// Findings returns, for each server, the cases that failed or were not strict: what was
// seen, and what the rule prevents.
func Findings(servers []Server) string {
	var b strings.Builder
	for _, s := range servers {
		fmt.Fprintf(&b, "### %s\n\n", s.Name)
		none := true
		for i, r := range s.Reports {
			for _, c := range r.Cases {
				if c.Verdict != Fail && c.Verdict != NotStrict {
					continue
				}
				if none {
					b.WriteString("| case | framing | verdict | seen | what the rule prevents |\n|---|---|---|---|---|\n")
					none = false
				}
				verdict := strings.TrimSpace(string(c.Verdict) + " " + c.share())
				fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", c.Number, Framings[i], verdict, escape(c.Reason), escape(c.Means))
			}
		}
		if none {
			b.WriteString("Every case that applies passed.\n")
		}
		b.WriteString("\n")
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// escape returns text for a cell of a table.
func escape(text string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ").Replace(text)
}
