package matrix

import (
	"testing"

	"github.com/wholeframe/wholeframe/conformance/programs"
)

func server(name string, cases ...Case) Server {
	return Server{Built: programs.Built{Program: programs.Program{Name: name}}, Reports: []*Report{{Cases: cases}}}
}

// A row has the verdict of each server, also where a case was not played, and in how many
// rounds it was that if they differ; a case that applies to none has no row.
func TestTable(t *testing.T) {
	got := Table([]Server{
		server("a", Case{Number: "1.1", Rule: "R.", Verdict: Fail, Rounds: map[Verdict]int{Fail: 2, Pass: 1}}),
		server("b", Case{Number: "1.1", Rule: "R.", Verdict: Pass}, Case{Number: "1.2", Rule: "S.", Verdict: NotStrict},
			Case{Number: "1.3", Rule: "T.", Verdict: DoesNotApply}, Case{Number: "1.4", Rule: "U.", Verdict: Informational}),
	}, 0)
	want := `| case | a | b |
|---|:-:|:-:|
| 1.1 R. | ✗ 2 of 3 | ✓ |
| 1.2 S. |  | ~ |
| 1.4 U. |  | · |
`
	if got != want {
		t.Errorf("Table() =\n%swant\n%s", got, want)
	}
}

// What failed or was not strict has a row with what was seen and what it means.
func TestFindings(t *testing.T) {
	got := Findings([]Server{
		server("a", Case{Number: "1.1", Verdict: Fail, Reason: "0 | 1\nanswers", Means: "Loss.", Rounds: map[Verdict]int{Fail: 1, NotStrict: 2}}, Case{Number: "1.2", Verdict: Pass}),
		server("b", Case{Number: "1.1", Verdict: Pass}),
	})
	want := `### a

| case | framing | verdict | seen | what the rule prevents |
|---|---|---|---|---|
| 1.1 | line | fail 1 of 3 | 0 \| 1 answers | Loss. |

### b

Every case that applies passed.
`
	if got != want {
		t.Errorf("Findings() =\n%swant\n%s", got, want)
	}
}
