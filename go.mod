module github.com/wholeframe/wholeframe

go 1.25
