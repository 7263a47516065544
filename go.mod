module github.com/wholeframe/wholeframe

go 1.25

require golang.org/x/sys v0.41.0

require pgregory.net/rapid v1.3.0

require (
	github.com/davecgh/go-spew v1.1.1 // indirect
	github.com/pmezard/go-difflib v1.0.0 // indirect
	github.com/smallnest/goframe v1.0.0
	github.com/stretchr/testify v1.11.1
	gopkg.in/yaml.v3 v3.0.1 // indirect
)
