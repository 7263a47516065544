module github.com/wholeframe/wholeframe/e2e

go 1.25
