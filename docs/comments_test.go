package docs

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Every package that others can import or run says what it is, and every
// identifier that they can use says what it does, beginning with its name.
func TestComments(t *testing.T) {
	root := os.DirFS("..")
	err := fs.WalkDir(root, ".", func(dir string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		_, nested := fs.Stat(root, path.Join(dir, "go.mod"))
		switch name := d.Name(); {
		case dir != "." && (nested == nil || strings.HasPrefix(name, ".")), name == "internal", name == "testdata", name == "node_modules":
			return fs.SkipDir
		}
		checkComments(t, root, dir)
		return nil
	})
	require.NoError(t, err)
}

func checkComments(t *testing.T, root fs.FS, dir string) {
	t.Helper()
	names, err := fs.Glob(root, path.Join(dir, "*.go"))
	require.NoError(t, err)
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := fs.ReadFile(root, name)
		require.NoError(t, err)
		file, err := parser.ParseFile(fset, name, text, parser.ParseComments)
		require.NoError(t, err)
		files = append(files, file)
	}
	if len(files) == 0 {
		return
	}
	p, err := doc.NewFromFiles(fset, files, dir)
	require.NoError(t, err)
	assert.NotEmpty(t, p.Doc, "package %s has no comment", dir)
	if p.Name == "main" {
		return
	}
	says := func(name, comment string) {
		first := strings.TrimPrefix(strings.TrimPrefix(comment, "A "), "An ")
		assert.True(t, strings.HasPrefix(first, name), "%s: the comment on %s does not begin with its name: %q", dir, name, comment)
	}
	values := func(all []*doc.Value) {
		for _, v := range all {
			told := v.Doc != ""
			for _, s := range v.Decl.Specs {
				s := s.(*ast.ValueSpec)
				told = told || s.Doc != nil || s.Comment != nil
			}
			assert.True(t, told, "%s: %v have no comment", dir, v.Names)
		}
	}
	funcs := func(all []*doc.Func, receiver string) {
		for _, f := range all {
			if f.Name == "Error" && receiver != "" {
				continue // its meaning is the interface's
			}
			says(f.Name, f.Doc)
		}
	}
	values(p.Consts)
	values(p.Vars)
	funcs(p.Funcs, "")
	for _, typ := range p.Types {
		says(typ.Name, typ.Doc)
		values(typ.Consts)
		values(typ.Vars)
		funcs(typ.Funcs, "")
		funcs(typ.Methods, typ.Name)
	}
}
