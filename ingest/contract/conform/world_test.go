package conform_test

import (
	"runtime"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/contract/conform"
	"github.com/observatory/observatory/ingest/doc"
)

// jsonSchema compiles a JSON Schema as the registry does: formats are asserted.
func jsonSchema(t require.TestingT, text string) *jsonschema.Schema {
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	require.NoError(t, err, text)
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	require.NoError(t, c.AddResource("https://test.invalid/schema.json", value))
	s, err := c.Compile("https://test.invalid/schema.json")
	require.NoError(t, err, text)
	return s
}

// outcome is what became of properties.
type outcome struct {
	text       string
	violations []ingest.Violation
	total      int
	over       *ingest.Rejection
	changed    bool
}

func (o outcome) lines() []string {
	var lines []string
	for _, v := range o.violations {
		lines = append(lines, v.Path+": "+v.Message)
	}
	return lines
}

// fit conforms properties to a compiled schema.
func fit(t require.TestingT, native any, properties string, unknown conform.Unknown) outcome {
	c, ok := conform.New(native)
	require.True(t, ok)
	return fitTo(t, c, properties, unknown)
}

func fitTo(t require.TestingT, c conform.Conformer, properties string, unknown conform.Unknown) outcome {
	var d doc.Doc
	n, err := d.Parse([]byte(properties))
	require.NoError(t, err, properties)
	var f conform.Findings
	f.Reset(n, len(properties), 20)
	c.Conform(&f, n, unknown)
	list, total := f.Violations()
	return outcome{text: string(n.Append(nil)), violations: append([]ingest.Violation(nil), list...), total: total, over: f.Over(), changed: d.Changed()}
}

// allocated is how many bytes were allocated, at most, while f ran. Nothing else may run meanwhile.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// exactly compares JSON texts byte by byte: nothing may be written otherwise than it is meant to be.
func exactly(t require.TestingT, want, got string, why ...any) { require.Equal(t, want, got, why...) }
