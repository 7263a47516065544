// Package restart restarts servers under a client: processes that are built on package
// server, ended by signals in turn, and package client with many callers, directly and
// through HAProxy.
//
// Each server writes the id of a request to its log before it answers. No call may fail,
// and no id may be in the logs twice.
package restart
