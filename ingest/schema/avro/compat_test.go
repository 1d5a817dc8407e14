package avroformat_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestCompatibility(t *testing.T) {
	t.Parallel()
	record := func(fields string) string { return `{"type":"record","name":"a.R","fields":[` + fields + `]}` }
	enum := func(rest string) string { return `{"type":"enum","name":"E",` + rest + `}` }
	decimal := func(rest string) string { return `{"type":"bytes","logicalType":"decimal",` + rest + `}` }
	tree := func(leaf, kids string) string {
		return `{"type":"record","name":"Tree","fields":[{"name":"kids","type":` + kids + `},{"name":"v","type":"` + leaf + `"}]}`
	}
	type test struct {
		name, writer, reader string
		rules                []string
	}
	cases := []test{
		{"array", `{"type":"array","items":"int"}`, `{"type":"array","items":"long"}`, nil},
		{"array of others", `{"type":"array","items":"long"}`, `{"type":"array","items":"int"}`, []string{"TYPE_MISMATCH /items"}},
		{"map", `{"type":"map","values":"long"}`, `{"type":"map","values":"double"}`, nil},
		{"map of others", `{"type":"map","values":"string"}`, `{"type":"map","values":"double"}`, []string{"TYPE_MISMATCH /values"}},
		{"map and array", `{"type":"map","values":"int"}`, `{"type":"array","items":"int"}`, []string{"TYPE_MISMATCH /"}},
		{"a field more", record(""), record(`{"name":"f","type":"int"}`), []string{"READER_FIELD_MISSING_DEFAULT_VALUE /fields/0"}},
		{"a field more with default", record(""), record(`{"name":"f","type":"int","default":1}`), nil},
		{"a field less", record(`{"name":"f","type":"int"}`), record(""), nil},
		{"a field renamed", record(`{"name":"f","type":"int"}`), record(`{"name":"g","type":"int"}`), []string{"READER_FIELD_MISSING_DEFAULT_VALUE /fields/0"}},
		{"a field renamed with alias", record(`{"name":"f","type":"int"}`), record(`{"name":"g","type":"int","aliases":["f"]}`), nil},
		{"an alias of the writer is nothing", record(`{"name":"f","type":"int","aliases":["g"]}`), record(`{"name":"g","type":"int"}`), []string{"READER_FIELD_MISSING_DEFAULT_VALUE /fields/0"}},
		{"another order", record(`{"name":"f","type":"int"},{"name":"g","type":"string"}`), record(`{"name":"g","type":"string"},{"name":"f","type":"int"}`), nil},
		{"a field of another type", record(`{"name":"f","type":"int"}`), record(`{"name":"g","type":"int","default":0},{"name":"f","type":"string"}`), []string{"TYPE_MISMATCH /fields/1/type"}},
		{"a record of another namespace", record(""), `{"type":"record","name":"b.R","fields":[]}`, nil},
		{"a record of another name", record(""), `{"type":"record","name":"a.S","fields":[]}`, []string{"NAME_MISMATCH /name"}},
		{"a record of another name with alias", record(""), `{"type":"record","name":"a.S","aliases":["R"],"fields":[]}`, nil},
		{
			"several at once", record(`{"name":"f","type":"int"}`), record(`{"name":"f","type":"null"},{"name":"g","type":"int"},{"name":"h","type":` + enum(`"symbols":["A"]`) + `}`),
			[]string{"TYPE_MISMATCH /fields/0/type", "READER_FIELD_MISSING_DEFAULT_VALUE /fields/1", "READER_FIELD_MISSING_DEFAULT_VALUE /fields/2"},
		},
		{"a symbol more", enum(`"symbols":["A"]`), enum(`"symbols":["B","A"]`), nil},
		{"a symbol less", enum(`"symbols":["A","B"]`), enum(`"symbols":["A"]`), []string{"MISSING_ENUM_SYMBOLS /symbols"}},
		{"a symbol less with default", enum(`"symbols":["A","B"]`), enum(`"symbols":["A"],"default":"A"`), nil},
		{"a default of the writer is nothing", enum(`"symbols":["A","B"],"default":"A"`), enum(`"symbols":["A"]`), []string{"MISSING_ENUM_SYMBOLS /symbols"}},
		{"another enum", enum(`"symbols":["A"]`), `{"type":"enum","name":"F","symbols":["A"]}`, []string{"NAME_MISMATCH /name"}},
		{"another size", `{"type":"fixed","name":"F","size":2}`, `{"type":"fixed","name":"F","size":3}`, []string{"FIXED_SIZE_MISMATCH /size"}},
		{"another fixed", `{"type":"fixed","name":"F","size":2}`, `{"type":"fixed","name":"G","size":2}`, []string{"NAME_MISMATCH /name"}},
		{"a fixed is no bytes", `{"type":"fixed","name":"F","size":2}`, `"bytes"`, []string{"TYPE_MISMATCH /"}},
		{"into a union", `"int"`, `["null","int"]`, nil},
		{"into a union by promotion", `"int"`, `["null","double"]`, nil},
		{"not into a union", `"string"`, `["null","int"]`, []string{"MISSING_UNION_BRANCH /"}},
		{"out of a union", `["null","int"]`, `"int"`, []string{"TYPE_MISMATCH /"}},
		{"out of a union that fits", `["int","float"]`, `"double"`, nil},
		{"a union of more", `["null","int"]`, `["string","int","null"]`, nil},
		{"a union of less", `["null","int","string"]`, `["null","int"]`, []string{"MISSING_UNION_BRANCH /"}},
		{"an empty namesake in a union", `["null",` + record("") + `]`, `["null",` + record(`{"name":"f","type":"int"}`) + `]`, []string{"READER_FIELD_MISSING_DEFAULT_VALUE /1/fields/0"}},
		{"a decimal", decimal(`"precision":4,"scale":2`), decimal(`"scale":2,"precision":4`), nil},
		{"a decimal of another scale", decimal(`"precision":4,"scale":2`), decimal(`"precision":4,"scale":1`), []string{"DECIMAL_MISMATCH /"}},
		{"a decimal as bytes", decimal(`"precision":4,"scale":2`), `"bytes"`, nil},
		{"a logical type", `"long"`, `{"type":"long","logicalType":"timestamp-millis"}`, nil},
		{"trees", tree("int", `{"type":"array","items":"Tree"}`), tree("long", `{"type":"array","items":"Tree"}`), nil},
		{"trees of other leaves", tree("long", `{"type":"array","items":"Tree"}`), tree("int", `{"type":"array","items":"Tree"}`), []string{"TYPE_MISMATCH /fields/1/type"}},
		{"trees in unions", tree("int", `["null","Tree"]`), tree("double", `["null","Tree"]`), nil},
		{"trees in unions of other leaves", tree("string", `["null","Tree"]`), tree("double", `["null","Tree"]`), []string{"TYPE_MISMATCH /fields/1/type"}},
	}
	promotions := map[string]string{"int": "int long float double", "long": "long float double", "float": "float double", "string": "string bytes", "bytes": "bytes string"}
	for _, from := range []string{"null", "boolean", "int", "long", "float", "double", "bytes", "string"} {
		for _, to := range []string{"null", "boolean", "int", "long", "float", "double", "bytes", "string"} {
			c := test{from + " as " + to, `"` + from + `"`, `"` + to + `"`, []string{"TYPE_MISMATCH /"}}
			if from == to || strings.Contains(" "+promotions[from]+" ", " "+to+" ") {
				c.rules = nil
			}
			cases = append(cases, c)
		}
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			reader, writer := parse(t, c.reader), parse(t, c.writer)
			got := []string{}
			for _, i := range reader.Incompatibilities(writer) {
				require.NotEmpty(t, i.Message)
				require.NotEmpty(t, i.Advice)
				got = append(got, i.Rule+" "+i.Path)
			}
			require.ElementsMatch(t, c.rules, got)
			require.Empty(t, reader.Incompatibilities(reader))
			require.Empty(t, writer.Incompatibilities(writer))
		})
	}
}

// Many records of one name in two unions, each of which holds the other's: every pair could be meant.
func TestComparisonEnds(t *testing.T) {
	t.Parallel()
	hostile := func(leaf string) string {
		var types strings.Builder
		for i := range 900 {
			fmt.Fprintf(&types, `,{"type":"record","name":"n%d.R","fields":[{"name":"all","type":["null","n0.Root"]},{"name":"x","type":"%s"}]}`, i, leaf)
		}
		return `{"type":"record","name":"n0.Root","fields":[{"name":"any","type":["null"` + types.String() + `]}]}`
	}
	reader, writer := parse(t, hostile("int")), parse(t, hostile("string"))
	start := time.Now()
	require.NotEmpty(t, reader.Incompatibilities(writer))
	require.Less(t, time.Since(start), 10*time.Second)
	t.Log(time.Since(start))
}
