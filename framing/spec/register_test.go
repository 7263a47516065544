package spec_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/framing/spec"
)

// ends is a framing of a program: records that end in a mark.
var ends = spec.Framing{
	Name: "ends", About: "records that end in a mark", Example: "ends,mark=;",
	Keys: []spec.Key{{Name: "mark", Value: "TEXT", About: "the mark", Repeat: true}, {Name: "loud", About: "in capitals"}},
}

func TestRegister(t *testing.T) {
	spec.Unregister("records") // of the example, if the tests run again
	var given map[string][]string
	err := spec.Register(ends, func(keys map[string][]string) (framing.Framer, error) {
		given = keys
		if len(keys["mark"]) == 0 {
			return nil, &framing.ConfigError{Framer: "ends", Option: "loud", Reason: "it needs a mark"}
		}
		return delimiter.New(keys["mark"]...)
	})
	if err != nil {
		t.Fatal(err)
	}
	defer spec.Unregister("ends")
	f, err := spec.Parse(`ends,mark=a\,b,loud,mark=c\n`)
	if got, want := fmt.Sprint(f, err, given), `delimiter,text=a\,b,hex=630a <nil> map[loud:[] mark:[a,b c`+"\n]]"; got != want {
		t.Errorf("Parse = %s; want %s", got, want)
	}
	if f, err := spec.Parse("ends,mark=;,check=xor8"); fmt.Sprint(f, err) != "delimiter,text=;,check=xor8 <nil>" {
		t.Errorf("Parse with check = %v, %v", f, err)
	}
	var e *spec.Error
	if _, err := spec.Parse("ends,loud"); !errors.As(err, &e) || e.Offset != 5 {
		t.Errorf("Parse of what build refuses = %v; want an Error at byte 5", err)
	}
	for text, want := range map[string]string{
		"ends,quiet":   `spec: at byte 5: unknown key "quiet"; ends takes mark=TEXT, loud`,
		"ends,mark":    `spec: at byte 5: key "mark" needs a value: mark=TEXT`,
		"ends,loud=1":  `spec: at byte 5: key "loud" takes no value`,
		`ends,mark=\q`: `spec: at byte 5: mark: invalid escape "\\q": want \, or an escape of a Go string: \n \r \t \\ \x00`,
	} {
		if _, err := spec.Parse(text); err == nil || err.Error() != want {
			t.Errorf("Parse(%q) = %v; want %s", text, err, want)
		}
	}
	if help := spec.Help(); !strings.Contains(help, "ends: records that end in a mark\n") {
		t.Error("Help() lacks ends")
	}
}

func TestRegisterRefuses(t *testing.T) {
	for _, test := range []struct {
		change func(f *spec.Framing)
		want   string
	}{
		{func(f *spec.Framing) { f.Name = "" }, `spec: invalid name "" of a framing`},
		{func(f *spec.Framing) { f.Name = "a,b" }, `spec: invalid name "a,b" of a framing`},
		{func(f *spec.Framing) { f.Name = "line" }, `spec: the name "line" is taken`},
		{func(f *spec.Framing) { f.Name = "kafka" }, `spec: the name "kafka" is taken`},
		{func(f *spec.Framing) { f.Keys = []spec.Key{{Name: "check"}} }, `spec: invalid or duplicate key "check" of ends`},
		{func(f *spec.Framing) { f.Keys = []spec.Key{{Name: "a"}, {Name: "a"}} }, `spec: invalid or duplicate key "a" of ends`},
		{func(f *spec.Framing) { f.Example = "line" }, `spec: the example "line" is not a spec of ends`},
		{func(f *spec.Framing) { f.Example = "ends,x" }, `spec: the example of ends: spec: at byte 5: unknown key "x"; ends takes mark=TEXT, loud`},
	} {
		f := ends
		test.change(&f)
		err := spec.Register(f, func(map[string][]string) (framing.Framer, error) { return delimiter.Line(), nil })
		if err == nil || err.Error() != test.want {
			t.Errorf("Register(%+v) = %v; want %s", f, err, test.want)
		}
	}
	if _, err := spec.Parse("ends"); err == nil {
		t.Error("Parse of a framing that was refused: got nil; want an error")
	}
}

// A program adds a framing of its own to those that its flags know.
func ExampleRegister() {
	err := spec.Register(spec.Framing{
		Name:    "records",
		About:   "records that end in a mark",
		Example: "records,mark=;",
		Keys:    []spec.Key{{Name: "mark", Value: "TEXT", About: "what ends a record"}},
	}, func(keys map[string][]string) (framing.Framer, error) {
		return delimiter.New(keys["mark"]...)
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	f, err := spec.Parse("records,mark=|")
	fmt.Println(f, err)
	// Output: delimiter,text=| <nil>
}
