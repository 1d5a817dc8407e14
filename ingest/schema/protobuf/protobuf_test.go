package protoformat_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/observatory/observatory/ingest/schema"
	protoformat "github.com/observatory/observatory/ingest/schema/protobuf"
	"github.com/observatory/observatory/internal/fault"
)

func parse(t testing.TB, text string, dependencies ...schema.Dependency) *protoformat.Parsed {
	t.Helper()
	p, err := protoformat.Format{}.Parse(schema.Text{Type: schema.Protobuf, Schema: text, Dependencies: dependencies})
	require.NoError(t, err, text)
	return p.(*protoformat.Parsed)
}

func TestCanonicalForm(t *testing.T) {
	t.Parallel()
	p := parse(t, `// A shop.
	  syntax="proto3";package   shop.v1; import "google/protobuf/timestamp.proto";
	  /* An order */ message Order{string id=1[json_name="ID",deprecated=true];map<string,int32>counts=2;
	    google.protobuf.Timestamp at=3; reserved 5,7 to 9; oneof how{bool cash=10;Card card=11;} message Card{} enum E{ZERO=0;MINUS=-1;};}`)
	want := `syntax = "proto3";
package shop.v1;
import "google/protobuf/timestamp.proto";
message Order {
  string id = 1 [json_name = "ID", deprecated = true];
  map<string, int32> counts = 2;
  google.protobuf.Timestamp at = 3;
  reserved 5, 7 to 9;
  oneof how {
    bool cash = 10;
    Card card = 11;
  }
  message Card {}
  enum E {
    ZERO = 0;
    MINUS = -1;
  };
}
`
	require.Equal(t, want, p.Canonical())
	require.Equal(t, p.Fingerprints(), parse(t, want).Fingerprints())
	require.Equal(t, "shop.v1.Order", string(p.Message().FullName()))
	require.Nil(t, parse(t, `syntax="proto3";`).Message())
	options := parse(t, `syntax="proto2"; import "google/protobuf/descriptor.proto"; message O { optional int32 a = 1; repeated O b = 2; }
	  extend google.protobuf.FieldOptions { optional O o = 50000; } message M { optional int32 x = 1 [(o) = {a: 1, b: [{a: 2} , {a: 3; b < a:4 >}]}, deprecated = true]; option deprecated = true; }`)
	require.Equal(t, options.Canonical(), parse(t, options.Canonical()).Canonical())
}

func TestReferences(t *testing.T) {
	t.Parallel()
	money := schema.Dependency{Name: "shop/money.proto", Schema: `syntax = "proto3"; package shop; message Money { int64 cents = 1; }`}
	tax := schema.Dependency{Name: "schema.proto", Schema: `syntax = "proto3"; package shop; import public "shop/money.proto"; message Tax { Money net = 1; Tax more = 2; }`}
	forged := schema.Dependency{Name: "google/protobuf/timestamp.proto", Schema: `syntax = "proto3"; package google.protobuf; message Timestamp { string text = 1; }`}
	p := parse(t, `syntax = "proto3"; package shop; import "schema.proto"; import "google/protobuf/timestamp.proto"; message Order { Money price = 1; repeated Tax taxes = 2; google.protobuf.Timestamp at = 3; }`, money, tax, forged)
	m := dynamicpb.NewMessage(p.Message())
	require.Equal(t, "cents", string(m.Descriptor().Fields().ByNumber(1).Message().Fields().Get(0).Name()))
	require.Equal(t, "seconds", string(m.Descriptor().Fields().ByNumber(3).Message().Fields().Get(0).Name()), "Protobuf's own files are Protobuf's own")
}

func TestWhatIsRefused(t *testing.T) {
	t.Parallel()
	message := func(body string) string { return `syntax = "proto3"; message M { ` + body + ` }` }
	for name, c := range map[string]struct{ text, says string }{
		"no Protobuf":           {`{"type":"record"}`, "At line 1, column 1"},
		"not UTF-8":             {"syntax = \"proto3\"; message M { string \xff = 1; }", "At line 1"},
		"an unknown type":       {message("Gone g = 1;"), "Gone"},
		"a number twice":        {message("int32 a = 1; int32 b = 1;"), "At line 1"},
		"a number of zero":      {message("int32 a = 0;"), "At line 1"},
		"a reserved number":     {message("reserved 1; int32 a = 1;"), "At line 1"},
		"an import of nothing":  {`syntax = "proto3"; import "gone.proto";`, `"gone.proto" is not among`},
		"an import of a file":   {`syntax = "proto3"; import "/etc/hostname";`, "is not among"},
		"an unknown standard":   {`syntax = "proto3"; import "google/protobuf/gone.proto";`, "gone.proto"},
		"an import of itself":   {`syntax = "proto3"; import "schema.proto";`, "imports itself"},
		"an unknown edition":    {`edition = "2099";`, "At line 1"},
		"an unterminated text":  {`syntax = "proto3`, "At line 1"},
		"an unterminated block": {message("") + "/* ", "At line 1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requireRefused(t, schema.Text{Schema: c.text}, c.says)
		})
	}
	broken := schema.Dependency{Name: "b.proto", Schema: "syntax = \"proto3\";\nmessage {"}
	requireRefused(t, schema.Text{Schema: `syntax = "proto3"; import "b.proto";`, Dependencies: []schema.Dependency{broken}}, `At line 2, column 9 of the referenced file "b.proto"`)
	round := []schema.Dependency{
		{Name: "a.proto", Schema: `syntax = "proto3"; import "b.proto";`},
		{Name: "b.proto", Schema: `syntax = "proto3"; import "a.proto";`},
	}
	requireRefused(t, schema.Text{Schema: `syntax = "proto3"; import "a.proto";`, Dependencies: round}, "imports itself")
}

func TestBombs(t *testing.T) {
	t.Parallel()
	var fields, values strings.Builder
	for i := range schema.MaxNodes + 10 {
		fmt.Fprintf(&fields, "int32 f%d=%d;", i, i+20_000)
		fmt.Fprintf(&values, "V%d=%d;", i, i)
	}
	for name, c := range map[string]struct{ text, says string }{
		"more than 1 MiB":      {strings.Repeat(";", schema.MaxSchemaBytes+1), "bytes long"},
		"1 MiB of semicolons":  {strings.Repeat(";", schema.MaxSchemaBytes), "words and signs"},
		"messages in messages": {`syntax = "proto3"; ` + strings.Repeat("message A{", 80_000) + strings.Repeat("}", 80_000), "nests deeper"},
		"options in options":   {`syntax = "proto3"; option (a) = {` + strings.Repeat("a{", 300_000) + strings.Repeat("}", 300_000) + "};", "nests deeper"},
		"lists in lists":       {`syntax = "proto3"; option (a) = {a: ` + strings.Repeat("[", 500_000), "nests deeper"},
		"angles in angles":     {`syntax = "proto3"; option (a) = {a ` + strings.Repeat("<a", 500_000), "nests deeper"},
		"many fields":          {`syntax = "proto3"; message M {` + fields.String() + "}", "are allowed"},
		"many values":          {`syntax = "proto3"; enum E {` + values.String() + "}", "are allowed"},
		"a long name":          {`syntax = "proto3"; message ` + strings.Repeat("a", 1_000_000) + " {", "name of more than"},
		"long names in others": {`syntax = "proto3"; ` + strings.Repeat("message "+strings.Repeat("A", 150)+" {", 10), "name of more than"},
		"a long package":       {`syntax = "proto3"; package ` + strings.Repeat("a . ", 40_000) + "a;", "name of more than"},
		"a long path":          {`syntax = "proto3"; message M { ` + strings.Repeat("a.", 400_000) + "a x = 1; }", "name of more than"},
		"many texts":           {`syntax = ` + strings.Repeat(`"" `, 300_000), "words and signs"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requireRefused(t, schema.Text{Schema: c.text}, c.says)
		})
	}
	// Every pair of files makes both files of the pair below public: two ways become four, and so on.
	bomb := []schema.Dependency{{Name: "a0.proto", Schema: `syntax = "proto3";`}, {Name: "b0.proto", Schema: `syntax = "proto3";`}}
	for i := 1; i < 100; i++ {
		for _, side := range "ab" {
			bomb = append(bomb, schema.Dependency{
				Name:   fmt.Sprintf("%c%d.proto", side, i),
				Schema: fmt.Sprintf(`syntax = "proto3"; import public "a%d.proto"; import public "b%d.proto";`, i-1, i-1),
			})
		}
	}
	requireRefused(t, schema.Text{Schema: `syntax = "proto3"; import "a99.proto"; message M { Gone g = 1; }`, Dependencies: bomb}, "more than 300 ways")
}

func requireRefused(t *testing.T, text schema.Text, says string) {
	t.Helper()
	start := time.Now()
	_, err := protoformat.Format{}.Parse(text)
	require.Error(t, err)
	f := fault.From(err)
	require.Equal(t, fault.Invalid, f.Kind)
	require.Equal(t, schema.CodeInvalid, f.Code)
	require.Contains(t, f.Message, says)
	require.Less(t, len(f.Message), 700)
	require.Less(t, time.Since(start), 5*time.Second)
}
