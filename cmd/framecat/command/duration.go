package command

import (
	"fmt"
	"strconv"
	"time"
)

// A duration is a flag whose error says what to write.
type duration time.Duration

func (d *duration) Set(text string) error {
	v, err := time.ParseDuration(text)
	if err == nil {
		*d = duration(v)
		return nil
	}
	if _, err := strconv.ParseFloat(text, 64); err == nil {
		return fmt.Errorf("a duration needs a unit: write %ss, or ms, m, h", text)
	}
	return fmt.Errorf("want a duration, such as 500ms, 10s or 2m")
}

func (d duration) String() string { return time.Duration(d).String() }
