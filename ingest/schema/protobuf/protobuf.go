// Package protoformat is the Protobuf format of the schema registry: proto2, proto3 and edition 2023 files, compiled with
// nothing but the references they came with and the files that Protobuf itself brings, and compared by what happens to
// data on the wire and in JSON.
package protoformat

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"

	"github.com/bufbuild/protocompile"
	"github.com/bufbuild/protocompile/ast"
	"github.com/bufbuild/protocompile/parser"
	"github.com/bufbuild/protocompile/reporter"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/observatory/observatory/ingest/schema"
)

// Format parses Protobuf files. Its zero value is ready.
type Format struct{}

var _ schema.Format = Format{}

// Parse compiles a file. A reference's name is the path that the file imports.
func (Format) Parse(text schema.Text) (schema.Parsed, error) {
	if err := text.CheckSize(); err != nil {
		return nil, err
	}
	main := "schema.proto"
	files, tokens := make(map[string]string, len(text.Dependencies)+1), 0
	for _, d := range text.Dependencies {
		if d.Name == main {
			main = "_" + main
		}
		files[d.Name] = d.Schema
		if err := scan(d.Schema, &tokens); err != nil {
			return nil, schema.Within(d.Name, err)
		}
	}
	files[main] = text.Schema
	if err := scan(text.Schema, &tokens); err != nil {
		return nil, err
	}
	if err := checkImports(files, main); err != nil {
		return nil, err
	}
	tree, err := parser.Parse(main, strings.NewReader(text.Schema), reporter.NewHandler(nil))
	if err != nil {
		return nil, explain(err, main)
	}
	file, err := compile(files, main, tree)
	if err != nil {
		return nil, err
	}
	if n := size(file); n > schema.MaxNodes {
		return nil, schema.Invalid("The schema has %d messages, fields and enum values; %d are allowed. Split the event into several.", n, schema.MaxNodes)
	}
	canonical := normalise(tree)
	return &Parsed{
		file:         file,
		canonical:    canonical,
		fingerprints: schema.Fingerprints{SHA256: sha256.Sum256([]byte(canonical))},
	}, nil
}

// compile links the files. Nothing waits for anybody outside and the texts are bounded, so there is no context to be had.
func compile(files map[string]string, main string, tree *ast.FileNode) (protoreflect.FileDescriptor, error) {
	own := protocompile.ResolverFunc(func(path string) (protocompile.SearchResult, error) {
		text, ok := files[path]
		switch {
		case path == main:
			return protocompile.SearchResult{AST: tree}, nil
		case ok && !standard(path):
			return protocompile.SearchResult{Source: strings.NewReader(text)}, nil
		default:
			return protocompile.SearchResult{}, protoregistry.NotFound
		}
	})
	c := protocompile.Compiler{Resolver: protocompile.WithStandardImports(own), MaxParallelism: 1}
	linked, err := c.Compile(context.Background(), main)
	if err != nil {
		return nil, explain(err, main)
	}
	return linked[0], nil
}

// explain says in our words where the compiler stopped.
func explain(err error, main string) error {
	const limit = 300
	clip := func(text string) string {
		if len(text) > limit {
			return strings.ToValidUTF8(text[:limit], "") + "..."
		}
		return strings.TrimSuffix(text, ".")
	}
	var at reporter.ErrorWithPos
	if !errors.As(err, &at) {
		return schema.Invalid("The schema cannot be compiled: %s.", clip(err.Error()))
	}
	where, pos := "", at.GetPosition()
	if pos.Filename != main {
		where = fmt.Sprintf(" of the referenced file %q", schema.Shorten(pos.Filename))
	}
	return schema.Invalid("At line %d, column %d%s: %s.", pos.Line, pos.Col, where, clip(at.Unwrap().Error()))
}

// size counts the messages, fields, enums and values of a file.
func size(file protoreflect.FileDescriptor) int {
	var messages func(list protoreflect.MessageDescriptors) int
	enums := func(list protoreflect.EnumDescriptors) int {
		n := list.Len()
		for i := range list.Len() {
			n += list.Get(i).Values().Len()
		}
		return n
	}
	messages = func(list protoreflect.MessageDescriptors) int {
		n := list.Len()
		for i := range list.Len() {
			m := list.Get(i)
			n += m.Fields().Len() + enums(m.Enums()) + messages(m.Messages())
		}
		return n
	}
	return messages(file.Messages()) + enums(file.Enums())
}

// Parsed is a compiled Protobuf file.
type Parsed struct {
	file         protoreflect.FileDescriptor
	canonical    string
	fingerprints schema.Fingerprints
}

// Canonical is the file in one layout, without comments. Its declarations keep their order.
func (p *Parsed) Canonical() string { return p.canonical }

// Fingerprints are those of Canonical.
func (p *Parsed) Fingerprints() schema.Fingerprints { return p.fingerprints }

// Native is a protoreflect.FileDescriptor.
func (p *Parsed) Native() any { return p.file }

// File is Native with its type.
func (p *Parsed) File() protoreflect.FileDescriptor { return p.file }

// Message is the file's first message, which data is of unless it says otherwise; nil when the file has none.
func (p *Parsed) Message() protoreflect.MessageDescriptor {
	if p.file.Messages().Len() == 0 {
		return nil
	}
	return p.file.Messages().Get(0)
}
