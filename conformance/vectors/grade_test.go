package vectors

import (
	"slices"
	"testing"
)

func frameEvent(digits string) Event { return Event{Frame: &digits} }

// Each grade is that of the events that testdata/README.md has for it.
func TestGrades(t *testing.T) {
	a, b := frameEvent("61"), frameEvent("62")
	malformed, tooLarge := Event{Error: "malformed"}, Event{Error: "too_large"}
	lost := Event{Error: "malformed", Final: true}
	eof := Event{Error: "unexpected_eof"}
	for _, test := range []struct {
		name     string
		stricter string
		want     []Event
		got      []string
		grade    Grade
	}{
		{"all events", "", []Event{a, malformed, b, eof}, []string{"frame 61", "malformed", "frame 62", "unexpected_eof"}, Same},
		{"no event", "", nil, nil, Same},
		{"an empty payload", "", []Event{frameEvent("")}, []string{"frame"}, Same},
		{"its first error is the last event", "", []Event{a, malformed, b}, []string{"frame 61", "malformed"}, Stops},
		{"its second error is the last event", "", []Event{tooLarge, tooLarge, b}, []string{"too_large", "too_large"}, Stops},
		{"another error", "", []Event{a, malformed, b}, []string{"frame 61", "error bad", "frame 62"}, Words},
		{"another error is the last event", "", []Event{a, malformed, b}, []string{"frame 61", "error bad"}, Words},
		{"errors after the final one", "", []Event{a, lost}, []string{"frame 61", "malformed", "malformed", "error bad"}, Words},
		{"nothing at the end", "", []Event{a, eof}, []string{"frame 61"}, Silent},
		{"nothing at all", "", []Event{eof}, nil, Silent},
		{"nothing at the end, and another error before it", "", []Event{malformed, a, eof}, []string{"error bad", "frame 61"}, Silent},
		{"the end as a frame", "", []Event{a, eof}, []string{"frame 61", "frame 6262"}, Delivers},
		{"what its source allows", "minimal", []Event{lost}, []string{"frame 61"}, Lenient},
		{"a stricter vector's events", "minimal", []Event{lost}, []string{"malformed"}, Same},
		{"a frame over the limit", "", []Event{tooLarge, a}, []string{"frame 6161", "frame 61"}, Limit},
		{"a frame over the limit that no error reports", "", []Event{tooLarge, a}, []string{"frame 61"}, Limit},
		{"a limit that is lower", "", []Event{a, b}, []string{"too_large", "frame 62"}, Limit},
		{"frames after a final error", "", []Event{a, lost}, []string{"frame 61", "frame 62"}, Continues},
		{"a frame that is not there", "", []Event{a, b}, []string{"frame 61", "frame 62", "frame 63"}, Differs},
		{"a frame less", "", []Event{a, b}, []string{"frame 62"}, Differs},
		{"another payload", "", []Event{a}, []string{"frame 62"}, Differs},
	} {
		if got := Of(Decode{Stricter: test.stricter, Events: test.want}, test.got); got != test.grade {
			t.Errorf("%s: Of(%v, %q) = %q, want %q", test.name, test.want, test.got, got, test.grade)
		}
		if !slices.Contains(Grades, test.grade) {
			t.Errorf("Grades lacks %q", test.grade)
		}
	}
}
