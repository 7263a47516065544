package spec_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/wholeframe/wholeframe/framing/spec"
)

// Each preset is the framing that it is short for, whose String is that spec, and is
// in Help, under its kind.
func TestPresets(t *testing.T) {
	names := make(map[string]bool)
	for _, f := range spec.Framings() {
		names[f.Name] = true
	}
	help := spec.Help()
	for _, p := range spec.Presets() {
		if names[p.Name] {
			t.Errorf("the name %s is a duplicate", p.Name)
		}
		names[p.Name] = true
		f, err := spec.Parse(p.Name)
		if err != nil || fmt.Sprint(f) != p.Spec {
			t.Errorf("Parse(%q) = %v, %v; want %s, nil", p.Name, f, err, p.Spec)
		}
		_, help, _ := strings.Cut(help, "\n\n  "+p.Kind+":\n")
		help, _, _ = strings.Cut(help, "\n\n")
		if !strings.Contains(help, p.Name) || !strings.Contains(help, p.Protocol) {
			t.Errorf("Help() lacks %s, %s under %s", p.Name, p.Protocol, p.Kind)
		}
	}
}

func TestPresetTakesNoKeys(t *testing.T) {
	_, err := spec.Parse("kafka,keep")
	if want := "spec: kafka takes no keys; it is short for length"; err == nil || err.Error() != want {
		t.Errorf("Parse(\"kafka,keep\") = %v; want %s", err, want)
	}
}

func TestPresetsReturnsCopy(t *testing.T) {
	spec.Presets()[0].Name = "x"
	if _, err := spec.Parse(spec.Presets()[0].Name); err != nil {
		t.Errorf("Parse after a change of what Presets returned: %v; want nil", err)
	}
}
