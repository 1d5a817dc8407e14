package api

import (
	"encoding/json"
	"flag"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/fault"
)

var update = flag.Bool("update", false, "write docs/errors.json anew")

// documentedError is an error code as the documentation shows it.
type documentedError struct {
	Code     string   `json:"code"`
	Statuses []int    `json:"statuses,omitempty"` // of problem documents with this code
	Rejected bool     `json:"rejected,omitempty"` // it is also, or only, why an event is rejected
	Messages []string `json:"messages"`           // with … for what differs from case to case
}

// TestErrorCodesAreDocumented keeps docs/errors.json, to which every problem document points, in step with the source: it reads the
// source for every fault and every reason why an event is rejected. After a change run `go test ./api -run ErrorCodes -update`.
func TestErrorCodesAreDocumented(t *testing.T) {
	t.Parallel()
	found := sourceOf(t, "..").errors()
	require.Greater(t, len(found), 80)
	want, err := json.MarshalIndent(found, "", "  ")
	require.NoError(t, err)
	if *update {
		require.NoError(t, os.WriteFile("docs/errors.json", append(want, '\n'), 0o644))
	}
	written, err := docsFiles.ReadFile("docs/errors.json")
	require.NoError(t, err)
	if !*update {
		require.JSONEq(t, string(want), string(written), "run `go test ./api -run ErrorCodes -update`")
	}
}

const module = "github.com/observatory/observatory/"

// source is the type-checked source of the packages whose faults can reach a caller. Packages of others count as empty, and what does
// not check for that reason is passed over: constants, types and calls of our own are all that is looked at.
type source struct {
	root  string
	fset  *token.FileSet
	info  types.Info
	files []*ast.File
	done  map[string]*types.Package
}

func sourceOf(t *testing.T, root string) *source {
	t.Helper()
	s := &source{root: root, fset: token.NewFileSet(), done: map[string]*types.Package{}, info: types.Info{
		Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}, Defs: map[*ast.Ident]types.Object{},
	}}
	for _, top := range []string{"api", "ingest", "analytics", "tenants", "internal/pg", "internal/ch", "internal/fault", "internal/jobs", "internal/seal"} {
		require.NoError(t, filepath.WalkDir(filepath.Join(root, top), func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.IsDir() {
				return err
			}
			relative, err := filepath.Rel(root, path)
			if err != nil {
				return err
			}
			_, err = s.Import(module + filepath.ToSlash(relative))
			return err
		}))
	}
	return s
}

// Import implements types.Importer.
func (s *source) Import(path string) (*types.Package, error) {
	if p := s.done[path]; p != nil {
		return p, nil
	}
	p := types.NewPackage(path, filepath.Base(path))
	p.MarkComplete()
	s.done[path] = p
	dir, ours := strings.CutPrefix(path, module)
	if !ours {
		return p, nil
	}
	names, err := filepath.Glob(filepath.Join(s.root, dir, "*.go"))
	if err != nil {
		return nil, err
	}
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(s.fset, name, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	config := types.Config{Importer: s, Error: func(error) {}}
	p, _ = config.Check(path, s.fset, files, &s.info) // faults of a half-known world are of no interest
	s.done[path], s.files = p, append(s.files, files...)
	return p, nil
}

func (s *source) errors() []documentedError {
	all := map[string]*documentedError{}
	add := func(code string, status int, message string) {
		if code == "" || message == "" {
			return
		}
		e := all[code]
		if e == nil {
			e = &documentedError{Code: code}
			all[code] = e
		}
		e.Rejected = e.Rejected || status == 0
		if status != 0 && !slices.Contains(e.Statuses, status) {
			e.Statuses = append(e.Statuses, status)
		}
		if !slices.Contains(e.Messages, message) {
			e.Messages = append(e.Messages, message)
		}
	}
	for _, file := range s.files {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				s.call(n, add)
			case *ast.CompositeLit:
				s.rejection(n, add)
			}
			return true
		})
	}
	list := make([]documentedError, 0, len(all))
	for _, e := range all {
		slices.Sort(e.Statuses)
		slices.Sort(e.Messages)
		list = append(list, *e)
	}
	slices.SortFunc(list, func(a, b documentedError) int { return strings.Compare(a.Code, b.Code) })
	return list
}

// call looks whether a call makes a fault (kind, code, format, args...) or notes a rejection (code, format, args...).
func (s *source) call(c *ast.CallExpr, add func(string, int, string)) {
	for i := range min(2, max(0, len(c.Args)-1)) {
		status := 0
		switch code := s.info.Types[c.Args[i]]; {
		case s.isRejectionCode(c.Args[i]):
		case code.Type == nil || code.Value == nil || code.Type.String() != module+"internal/fault.Code":
			continue
		case i == 0:
			status = statusOf(&fault.Error{Kind: fault.Invalid}) // as functions that take only a code and a text make it
		default:
			kind, isKind := constant.Int64Val(s.info.Types[c.Args[0]].Value)
			if !isKind {
				continue
			}
			status, _ = registryStatus(&fault.Error{Kind: fault.Kind(kind), Code: fault.Code(s.text(c.Args[1]))})
		}
		add(s.text(c.Args[i]), status, s.format(c.Args[i+1], c.Args[i+2:]))
		return
	}
}

// rejection looks whether a literal is an ingest.Rejection.
func (s *source) rejection(c *ast.CompositeLit, add func(string, int, string)) {
	code, message := "", ""
	for _, element := range c.Elts {
		kv, ok := element.(*ast.KeyValueExpr)
		if !ok {
			return
		}
		switch name, _ := kv.Key.(*ast.Ident); {
		case name == nil:
		case name.Name == "Code" && s.isRejectionCode(kv.Value):
			code = s.text(kv.Value)
		case name.Name == "Message":
			message = s.format(kv.Value, nil)
		}
	}
	add(code, 0, message)
}

func (s *source) isRejectionCode(e ast.Expr) bool {
	if selector, ok := e.(*ast.SelectorExpr); ok {
		e = selector.Sel
	}
	name, ok := e.(*ast.Ident)
	if !ok || s.info.Uses[name] == nil {
		return false
	}
	return strings.HasPrefix(name.Name, "Code") && s.info.Uses[name].Pkg().Path() == module+"ingest"
}

func (s *source) text(e ast.Expr) string {
	if v := s.info.Types[e].Value; v != nil && v.Kind() == constant.String {
		return constant.StringVal(v)
	}
	return ""
}

// format is a message, in which constants stand as they are and … for everything else.
func (s *source) format(e ast.Expr, args []ast.Expr) string {
	format := s.text(e)
	switch e := e.(type) {
	case *ast.CallExpr: // fmt.Sprintf
		if format = "…"; len(e.Args) > 0 && s.text(e.Args[0]) != "" {
			return s.format(e.Args[0], e.Args[1:])
		}
	case *ast.BinaryExpr:
		if format == "" {
			return s.format(e.X, nil) + s.format(e.Y, nil)
		}
	}
	return regexp.MustCompile(`%[+#]?[0-9]*[a-z]`).ReplaceAllStringFunc(format, func(string) string {
		if len(args) == 0 {
			return "…"
		}
		arg := args[0]
		args = args[1:]
		if v := s.info.Types[arg].Value; v != nil {
			return strings.Trim(v.ExactString(), `"`)
		}
		return "…"
	})
}
