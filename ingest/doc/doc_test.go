package doc_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/observatory/observatory/ingest/doc"
)

func parse(t require.TestingT, text string) *doc.Node {
	var d doc.Doc
	n, err := d.Parse([]byte(text))
	require.NoError(t, err, text)
	return n
}

// requireText compares texts, not what they mean.
func requireText(t *testing.T, want string, n *doc.Node) {
	t.Helper()
	require.Equal(t, want, string(n.Append(nil)))
}

func TestParseReadsWhatAppendWrites(t *testing.T) {
	t.Parallel()
	for in, out := range map[string]string{
		``:                                     `{}`,
		` { "a" : 1 , "b":[ true,null ,"x"] }`: `{"a":1,"b":[true,null,"x"]}`,
		`{"k\u0041":"\u00e9\n"}`:               `{"kA":"\u00e9\n"}`,
		`-0.5e+10`:                             `-0.5e+10`,
		`{"":{}}`:                              `{"":{}}`,
	} {
		require.Equal(t, out, string(parse(t, in).Append(nil)))
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`{`, `[`, `"`, `"\`, `"\x"`, `{"a"}`, `{"a":}`, `{a:1}`, `[1,]`, `{"a":1,}`, `01`, `1.`, `-`, `1e`, `tru`, `{} {}`, "\"a\nb\"", ` `,
		strings.Repeat("[", doc.MaxDepth+1) + strings.Repeat("]", doc.MaxDepth+1),
	} {
		var d doc.Doc
		_, err := d.Parse([]byte(text))
		require.ErrorIs(t, err, doc.ErrInvalid, text)
	}
}

func TestChanges(t *testing.T) {
	t.Parallel()
	var d doc.Doc
	n, err := d.Parse([]byte(`{"a":1,"b":{"c":"x"},"l":[1,2,3]}`))
	require.NoError(t, err)
	require.False(t, d.Changed())
	require.Equal(t, "x", string(n.At("b", "c").Text()))
	require.Nil(t, n.At("b", "none", "c"))

	n.Child("a").SetString("say \"hi\"\n\x01é")
	require.True(t, d.Changed())
	n.At("b", "c").Rename("e")
	n.Child("b").Member("d").SetInt(-7)
	for e := range n.Child("l").Children() {
		if string(e.Text()) == "2" {
			e.Remove()
		}
	}
	n.Child("l").Element().SetBool(true)
	require.NoError(t, n.Member("new").SetRaw([]byte(`{"x":[null]}`)))
	require.ErrorIs(t, n.Child("new").SetRaw([]byte(`{"x":`)), doc.ErrInvalid)
	requireText(t, `{"a":"say \"hi\"\n\u0001é","b":{"e":"x","d":-7},"l":[1,3,true],"new":{"x":[null]}}`, n)

	n.Child("b").Member("e").Rename("d")
	requireText(t, `{"d":"x"}`, n.Child("b"))
	n.Child("new").Remove()
	require.Nil(t, n.Child("new"))
	require.Equal(t, 3, n.Len())
}

func TestADocumentIsUsedAgain(t *testing.T) {
	t.Parallel()
	var d doc.Doc
	for range 3 {
		text := `{"a":[` + strings.Repeat(`{"b":1},`, 200) + `0]}`
		n, err := d.Parse([]byte(text))
		require.NoError(t, err)
		require.Equal(t, text, string(n.Append(nil)))
		require.Equal(t, 201, n.Child("a").Len())
	}
}

// What encoding/json writes is read and written as the same value.
func TestEveryValueSurvives(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.MapOf(rapid.String(), rapid.OneOf(
			rapid.Just[any](nil), rapid.String().AsAny(), rapid.Float64().AsAny(), rapid.Bool().AsAny(),
			rapid.SliceOf(rapid.String()).AsAny(), rapid.MapOf(rapid.String(), rapid.Int()).AsAny(),
		)).Draw(t, "value")
		text, err := json.Marshal(value)
		require.NoError(t, err)
		require.JSONEq(t, string(text), string(parse(t, string(text)).Append(nil)))
	})
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"a":[1,"x\u0041",null,true,{"b":-1.5e3}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var d doc.Doc
		n, err := d.Parse(text)
		if err != nil || len(text) == 0 {
			return
		}
		if !json.Valid(text) {
			t.Fatalf("%q is not valid", text)
		}
		again := n.Append(nil)
		if !json.Valid(again) && !bytes.Contains(again, []byte("\xff")) {
			t.Fatalf("%q became %q", text, again)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	text := []byte(`{"path":"/products/17","referrer":"https://www.example.com/search?q=shoes","title":"Shoes","price":19.99,"currency":"EUR","quantity":2,"tags":["new","sale"],"in_stock":true}`)
	var d doc.Doc
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d.Parse(text); err != nil {
			b.Fatal(err)
		}
	}
}
