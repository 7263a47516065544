module github.com/wholeframe/wholeframe/interop

go 1.25

replace github.com/wholeframe/wholeframe => ../

require (
	github.com/leodido/go-syslog/v4 v4.5.0
	github.com/sourcegraph/jsonrpc2 v0.2.3
	github.com/stretchr/testify v1.11.1
	github.com/wholeframe/wholeframe v0.0.0-00010101000000-000000000000
	golang.org/x/net v0.47.0
	google.golang.org/protobuf v1.36.12
	pgregory.net/rapid v1.3.0
)

require (
	github.com/davecgh/go-spew v1.1.1 // indirect
	github.com/pmezard/go-difflib v1.0.0 // indirect
	gopkg.in/yaml.v3 v3.0.1 // indirect
)
