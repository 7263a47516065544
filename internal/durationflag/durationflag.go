// Package durationflag has flags of durations whose errors say what to write.
package durationflag

import (
	"errors"
	"flag"
	"fmt"
	"strconv"
	"time"
)

// Var declares a flag of f that sets p, as [flag.FlagSet.DurationVar] does. The usage has
// the name of the value in back quotes.
func Var(f *flag.FlagSet, p *time.Duration, name string, value time.Duration, usage string) {
	*p = value
	f.Var((*duration)(p), name, usage)
}

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
	return errors.New("want a duration, such as 500ms, 10s or 2m")
}

func (d *duration) String() string { return time.Duration(*d).String() }
