module github.com/wholeframe/wholeframe/e2e

go 1.25

require (
	github.com/wholeframe/wholeframe v0.0.0
	go.uber.org/goleak v1.3.0
	golang.org/x/sys v0.41.0
)

replace github.com/wholeframe/wholeframe => ../
