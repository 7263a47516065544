module github.com/wholeframe/wholeframe/e2e

go 1.25

require github.com/wholeframe/wholeframe v0.0.0

require golang.org/x/sys v0.41.0 // indirect

replace github.com/wholeframe/wholeframe => ../
