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
	if help := spec.Help(); !strings.Contains(help, "\n\nOTHER FRAMINGS\n\nends: records that end in a mark\n") {
		t.Error("Help() lacks ends, under other framings")
	}
}

func TestRegisterRefuses(t *testing.T) {
	for _, test := range []struct {
		change func(f *spec.Framing)
		want   string
	}{
		{func(f *spec.Framing) { f.Name = "" }, `spec: invalid name "" of a framing: want lower-case letters, digits and hyphens`},
		{func(f *spec.Framing) { f.Name = "a,b" }, `spec: invalid name "a,b" of a framing: want lower-case letters, digits and hyphens`},
		{func(f *spec.Framing) { f.Name = "Hi\nthere" }, `spec: invalid name "Hi\nthere" of a framing: want lower-case letters, digits and hyphens`},
		{func(f *spec.Framing) { f.Name = "Ends" }, `spec: invalid name "Ends" of a framing: want lower-case letters, digits and hyphens`},
		{func(f *spec.Framing) { f.Name = "a=b" }, `spec: invalid name "a=b" of a framing: want lower-case letters, digits and hyphens`},
		{func(f *spec.Framing) { f.Name = "-a" }, `spec: invalid name "-a" of a framing: want lower-case letters, digits and hyphens`},
		{func(f *spec.Framing) { f.Name = "help" }, `spec: the name "help" is taken`},
		{func(f *spec.Framing) { f.Keys = []spec.Key{{Name: "A"}} }, `spec: invalid or duplicate key "A" of ends: want lower-case letters, digits and hyphens, and not check`},
		{func(f *spec.Framing) { f.Keys = []spec.Key{{Name: ""}} }, `spec: invalid or duplicate key "" of ends: want lower-case letters, digits and hyphens, and not check`},
		{func(f *spec.Framing) { f.Keys = []spec.Key{{Name: "a", Value: "NAME"}} }, `spec: invalid value "NAME" of the key a of ends: want N, SIZE, HEX, TEXT or words, as in big|little`},
		{func(f *spec.Framing) { f.Keys = []spec.Key{{Name: "a", Value: "b|"}} }, `spec: invalid value "b|" of the key a of ends: want N, SIZE, HEX, TEXT or words, as in big|little`},
		{func(f *spec.Framing) { f.Keys = []spec.Key{{Name: "a", Value: "b|c,d"}} }, `spec: invalid value "b|c,d" of the key a of ends: want N, SIZE, HEX, TEXT or words, as in big|little`},
		{func(f *spec.Framing) { f.Name = "line" }, `spec: the name "line" is taken`},
		{func(f *spec.Framing) { f.Name = "kafka" }, `spec: the name "kafka" is taken`},
		{func(f *spec.Framing) { f.Keys = []spec.Key{{Name: "check"}} }, `spec: invalid or duplicate key "check" of ends: want lower-case letters, digits and hyphens, and not check`},
		{func(f *spec.Framing) { f.Keys = []spec.Key{{Name: "a"}, {Name: "a"}} }, `spec: invalid or duplicate key "a" of ends: want lower-case letters, digits and hyphens, and not check`},
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
	if err := spec.Register(ends, nil); fmt.Sprint(err) != "spec: ends has no build function" {
		t.Errorf("Register without build = %v; want an error", err)
	}
	if _, err := spec.Parse("ends"); err == nil {
		t.Error("Parse of a framing that was refused: got nil; want an error")
	}
}

// A framing is listed with the others of its Kind, be it one of this package or not.
func TestRegisterKindOf(t *testing.T) {
	for _, f := range []spec.Framing{{Name: "a", Kind: "text"}, {Name: "b", Kind: "mine"}, {Name: "c"}, {Name: "d", Kind: "mine"}} {
		f.About, f.Example = "x", f.Name
		if err := spec.Register(f, func(map[string][]string) (framing.Framer, error) { return delimiter.Line(), nil }); err != nil {
			t.Fatal(err)
		}
		defer spec.Unregister(f.Name)
	}
	help := spec.Help()
	for _, heading := range []string{"\n\nTEXT\n\n", "\n\nMINE\n\nb: x\n    example: b\n\nd: x\n", "\n\nOTHER FRAMINGS\n\nc: x\n"} {
		if n := strings.Count(help, heading); n != 1 {
			t.Errorf("Help has %q %d times; want once", heading, n)
		}
	}
}

// The values of keys are verified by their kind, and resolved.
func TestRegisterKinds(t *testing.T) {
	var given map[string][]string
	f := spec.Framing{Name: "kinds", About: "keys", Example: "kinds", Keys: []spec.Key{
		{Name: "n", Value: "N", About: "a number"}, {Name: "s", Value: "SIZE"}, {Name: "h", Value: "HEX"}, {Name: "t", Value: "TEXT"}, {Name: "c", Value: "big|little"},
	}}
	if err := spec.Register(f, func(keys map[string][]string) (framing.Framer, error) { given = keys; return delimiter.Line(), nil }); err != nil {
		t.Fatal(err)
	}
	defer spec.Unregister("kinds")
	_, err := spec.Parse(`kinds,n=-07,s=64KiB,h=0D0a,t=\n,c=big`)
	if got, want := fmt.Sprintf("%q %v", given, err), `map["c":["big"] "h":["\r\n"] "n":["-7"] "s":["65536"] "t":["\n"]] <nil>`; got != want {
		t.Errorf("Parse = %s; want %s", got, want)
	}
	for text, want := range map[string]string{
		"kinds,n=abc":    `spec: at byte 6: n: invalid number "abc": want a decimal number: a number`,
		"kinds,s=-1":     `spec: at byte 6: s: invalid size "-1": want bytes, or 64KiB, 1MiB, 2GiB`,
		"kinds,h=0":      `spec: at byte 6: h: invalid hex "0": want two digits for each byte`,
		"kinds,c=middle": `spec: at byte 6: c: invalid value "middle": want big or little`,
	} {
		if _, err := spec.Parse(text); err == nil || err.Error() != want {
			t.Errorf("Parse(%q) = %v; want %s", text, err, want)
		}
	}
}

// A build function that returns neither a Framer nor an error is at fault.
func TestRegisterNoFramer(t *testing.T) {
	none := false
	err := spec.Register(ends, func(map[string][]string) (framing.Framer, error) {
		if none {
			return nil, nil
		}
		return delimiter.Line(), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	defer spec.Unregister("ends")
	none = true
	f, err := spec.Parse("ends,check=crc32")
	if want := "spec: ends: its build function returned no framer and no error"; f != nil || fmt.Sprint(err) != want {
		t.Errorf("Parse = %v, %v; want nil, %s", f, err, want)
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
