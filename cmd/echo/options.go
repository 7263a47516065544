package main

import (
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/fixed"
	"github.com/wholeframe/wholeframe/framing/spec"
)

// options are what the flags say.
type options struct {
	addr         string
	framing      spec.Value
	maxPayload   spec.Size
	maxConns     int
	idleTimeout  time.Duration
	frameTimeout time.Duration
	writeTimeout time.Duration
	grace        time.Duration
	tlsCert      string
	tlsKey       string
	logFormat    string
	verbose      bool
}

// helpText is the error of a command line that asks for help.
type helpText string

func (helpText) Error() string { return "help" }
