package protoformat_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/ingest/schema"
)

const head = "syntax = \"proto3\"; package shop;\n"

func TestCompatibility(t *testing.T) {
	t.Parallel()
	m := func(body string) string { return head + "message M { " + body + " }" }
	m2 := func(body string) string { return `syntax = "proto2"; package shop; message M { ` + body + " }" }
	e := func(body string) string { return m("E e = 1; enum E { ZERO = 0; " + body + " }") }
	for _, c := range []struct {
		name, writer, reader string
		rules                []string
	}{
		{"a field more", m("int32 a = 1;"), m("int32 a = 1; string b = 2;"), nil},
		{"a field less", m("int32 a = 1; string b = 2;"), m("int32 a = 1;"), nil},
		{"a field less, reserved", m("int32 a = 1; string b = 2;"), m(`int32 a = 1; reserved 2; reserved "b";`), nil},
		{"the deleted field itself", m(`int32 a = 1; reserved 2; reserved "b";`), m("int32 a = 1; string b = 2;"), nil},
		{"a reserved number", m(`int32 a = 1; reserved 2; reserved "b";`), m("int32 a = 1; string c = 2;"), []string{"RESERVED_FIELD_REUSED /M/2"}},
		{"a reserved name", m(`int32 a = 1; reserved 2; reserved "b";`), m("int32 a = 1; string b = 3;"), []string{"RESERVED_FIELD_REUSED /M/3"}},
		{"another order", m("int32 a = 1; string b = 2;"), m("string b = 2; int32 a = 1;"), nil},
		{"another package", head + "message M { N n = 1; message N {} }", "syntax = \"proto3\"; package shop.v2; message M { N n = 1; message N {} }", []string{"PACKAGE_CHANGED /"}},
		{"a message more", m(""), m("") + "message N {}", nil},
		{"a message less", m("") + "message N {}", m(""), []string{"MESSAGE_REMOVED /N"}},
		{"a nested message less", m("message N { message O {} }"), m("message N {}"), []string{"MESSAGE_REMOVED /M/N/O"}},
		{"a message moved", m("message N {}"), m("") + "message N {}", []string{"MESSAGE_REMOVED /M/N"}},
		{"a name", m("int32 first_name = 1;"), m("int32 last_name = 1;"), []string{"FIELD_NAME_CHANGED /M/1"}},
		{"a name, not in JSON", m("int32 first_name = 1;"), m(`int32 last_name = 1 [json_name = "firstName"];`), nil},
		{"a name in JSON", m("int32 a = 1;"), m(`int32 a = 1 [json_name = "b"];`), nil},
		{"a number", m("int32 a = 1;"), m("int32 a = 2;"), []string{"FIELD_NUMBER_CHANGED /M/2"}},
		{"integers", m("int32 a = 1; uint64 b = 2; sint32 c = 3; fixed32 d = 4; sfixed64 e = 5;"), m("int64 a = 1; int32 b = 2; sint64 c = 3; sfixed32 d = 4; fixed64 e = 5;"), nil},
		{"zigzag", m("int32 a = 1;"), m("sint32 a = 1;"), []string{"FIELD_SCALAR_KIND_CHANGED /M/1"}},
		{"boolean", m("int32 a = 1;"), m("bool a = 1;"), []string{"FIELD_SCALAR_KIND_CHANGED /M/1"}},
		{"bytes", m("string a = 1;"), m("bytes a = 1;"), []string{"FIELD_SCALAR_KIND_CHANGED /M/1"}},
		{"float and double", m("float a = 1;"), m("double a = 1;"), []string{"FIELD_SCALAR_KIND_CHANGED /M/1"}},
		{"fixed of two sizes", m("fixed32 a = 1;"), m("fixed64 a = 1;"), []string{"FIELD_SCALAR_KIND_CHANGED /M/1"}},
		{"a number becomes an enum", m("int32 a = 1; enum E { Z = 0; }"), m("E a = 1; enum E { Z = 0; }"), []string{"FIELD_KIND_CHANGED /M/1"}},
		{"bytes become a message", m("bytes a = 1; message N {}"), m("N a = 1; message N {}"), []string{"FIELD_KIND_CHANGED /M/1"}},
		{"another message", m("A a = 1; message A {} message B {}"), m("B a = 1; message A {} message B {}"), []string{"FIELD_NAMED_TYPE_CHANGED /M/1"}},
		{
			"another standard message", head + `import "google/protobuf/timestamp.proto"; import "google/protobuf/duration.proto"; message M { google.protobuf.Timestamp a = 1; }`,
			head + `import "google/protobuf/timestamp.proto"; import "google/protobuf/duration.proto"; message M { google.protobuf.Duration a = 1; }`,
			[]string{"FIELD_NAMED_TYPE_CHANGED /M/1"},
		},
		{"repeated", m("string a = 1;"), m("repeated string a = 1;"), []string{"FIELD_LABEL_CHANGED /M/1"}},
		{"not repeated any more", m("repeated int32 a = 1;"), m("int32 a = 1;"), []string{"FIELD_LABEL_CHANGED /M/1"}},
		{"optional", m("string a = 1;"), m("optional string a = 1;"), nil},
		{"packed", m("repeated int32 a = 1;"), m("repeated int32 a = 1 [packed = false];"), nil},
		{"required", m2("optional string a = 1;"), m2("required string a = 1;"), []string{"REQUIRED_FIELD_ADDED /M/1"}},
		{"required from the start", m2(""), m2("required string a = 1;"), []string{"REQUIRED_FIELD_ADDED /M/1"}},
		{"required no more", m2("required string a = 1;"), m2("optional string a = 1;"), nil},
		{"a required field less", m2("required string a = 1;"), m2(""), []string{"REQUIRED_FIELD_REMOVED /M/1"}},
		{"a group", m2("optional group A = 1 {}"), m2("optional A a = 1; message A {}"), []string{"FIELD_KIND_CHANGED /M/1"}},
		{"a map", m("map<string, int32> a = 1;"), m("map<string, int64> a = 1;"), nil},
		{"a map of other keys", m("map<string, int32> a = 1;"), m("map<int32, int32> a = 1;"), []string{"FIELD_SCALAR_KIND_CHANGED /M/1/key"}},
		{"a map of other values", m("map<string, int32> a = 1;"), m("map<string, string> a = 1;"), []string{"FIELD_SCALAR_KIND_CHANGED /M/1/value"}},
		{"a map becomes a list", m("map<string, int32> a = 1;"), m("repeated N a = 1; message N { string key = 1; int32 value = 2; }"), []string{"FIELD_KIND_CHANGED /M/1"}},
		{"one field into a oneof", m("string a = 1;"), m("oneof o { string a = 1; string b = 2; }"), nil},
		{"two fields into a oneof", m("string a = 1; string b = 2;"), m("oneof o { string a = 1; string b = 2; }"), []string{"MULTIPLE_FIELDS_MOVED_TO_ONEOF /M/o"}},
		{"one field into a oneof that had one", m("string a = 1; oneof o { string b = 2; }"), m("oneof o { string a = 1; string b = 2; }"), []string{"MULTIPLE_FIELDS_MOVED_TO_ONEOF /M/o"}},
		{"an optional field into a oneof", m("optional string a = 1;"), m("oneof o { string a = 1; string b = 2; }"), nil},
		{"a oneof dissolved", m("oneof o { string a = 1; string b = 2; }"), m("string a = 1; string b = 2;"), nil},
		{"a field more in a oneof", m("oneof o { string a = 1; }"), m("oneof o { string a = 1; string b = 2; }"), nil},
		{"a field less in a oneof", m("oneof o { string a = 1; string b = 2; }"), m("oneof o { string a = 1; }"), []string{"ONEOF_FIELD_REMOVED /M/2"}},
		{"a field less in a oneof of another name", m("oneof o { string a = 1; string b = 2; }"), m("oneof p { string a = 1; }"), []string{"ONEOF_FIELD_REMOVED /M/2"}},
		{"a oneof less", m("oneof o { string a = 1; string b = 2; }"), m(""), nil},
		{"a constant more", e(""), e("ONE = 1;"), nil},
		{"a constant less", e("ONE = 1;"), e(""), []string{"ENUM_CONST_REMOVED /M/E/ONE"}},
		{"a constant less, reserved", e("ONE = 1;"), e(`reserved 1; reserved "ONE";`), nil},
		{"a constant of another number", e("ONE = 1;"), e("ONE = 2;"), []string{"ENUM_CONST_CHANGED /M/E/ONE"}},
		{"a constant of another name", e("ONE = 1;"), e("UNO = 1;"), []string{"ENUM_CONST_CHANGED /M/E/ONE"}},
		{"a constant with an alias", e("ONE = 1;"), e("option allow_alias = true; UNO = 1; ONE = 1;"), nil},
		{"an enum of another name", m("E e = 1; enum E { ZERO = 0; }"), m("F e = 1; enum F { ZERO = 0; }"), nil},
		{"trees", m("repeated M kids = 1; int32 v = 2;"), m("repeated M kids = 1; int64 v = 2;"), nil},
		{"trees of other leaves", m("repeated M kids = 1; int32 v = 2;"), m("repeated M kids = 1; string v = 2;"), []string{"FIELD_SCALAR_KIND_CHANGED /M/2"}},
		{"another syntax", m2("optional int32 a = 1;"), m("int32 a = 1;"), nil},
		{
			"several at once", m("int32 a = 1; E e = 2; enum E { Z = 0; A = 1; } message N { bool b = 1; }"), m("string b = 1; E e = 2; enum E { Z = 0; } message N { bytes b = 1; }"),
			[]string{"FIELD_NAME_CHANGED /M/1", "FIELD_SCALAR_KIND_CHANGED /M/1", "ENUM_CONST_REMOVED /M/E/A", "FIELD_SCALAR_KIND_CHANGED /M/N/1"},
		},
	} {
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

func TestCompatibilityOfImports(t *testing.T) {
	t.Parallel()
	text := head + `import "money.proto"; message Order { shop.Money price = 1; }`
	money := func(fields string) schema.Dependency {
		return schema.Dependency{Name: "money.proto", Schema: head + "message Money { " + fields + " }"}
	}
	v1, v2 := parse(t, text, money("int64 cents = 1;")), parse(t, text, money("double cents = 1;"))
	require.Equal(t, "FIELD_SCALAR_KIND_CHANGED", v2.Incompatibilities(v1)[0].Rule)
	require.Equal(t, "/shop.Money/1", v2.Incompatibilities(v1)[0].Path)
	inlined := parse(t, head+"message Order { Money price = 1; } message Money { int64 cents = 1; }")
	require.Empty(t, inlined.Incompatibilities(v1))
	require.Empty(t, v1.Incompatibilities(parse(t, text, money("int64 cents = 1; string currency = 2;"))))
}
