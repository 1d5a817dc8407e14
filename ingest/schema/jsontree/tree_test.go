package jsontree_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/ingest/schema/jsontree"
)

func TestAppendIsOneTextPerMeaning(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"b":[ true , null],"a":"\u0061\n\/"}`: `{"a":"a\n/","b":[true,null]}`,
		`1.50`:                                  `1.5`,
		`1E2`:                                   `100`,
		`-0.0`:                                  `0`,
		`-0`:                                    `0`,
		`9007199254740993`:                      `9007199254740993`,
		`123456789012345678901234567890`:        `123456789012345678901234567890`,
		`1e400`:                                 `1e400`,
		`[]`:                                    `[]`,
		`{"":{}}`:                               `{"":{}}`,
	} {
		tree, err := jsontree.Parse(text)
		require.NoError(t, err, text)
		got := string(jsontree.Append(nil, tree))
		require.Equal(t, want, got)
		again, err := jsontree.Parse(got)
		require.NoError(t, err)
		require.Equal(t, got, string(jsontree.Append(nil, again)))
	}
	for _, text := range []string{``, `{`, `{"a":1,"a":2}`, `[1,]`, `1e401`, `1 2`, "\"\xff\"", `{"a" 1}`, `nul`} {
		_, err := jsontree.Parse(text)
		require.Error(t, err, text)
	}
}

func TestOrderIsKept(t *testing.T) {
	t.Parallel()
	tree, err := jsontree.Parse(`{"z":1,"a":2,"m":3}`)
	require.NoError(t, err)
	o := tree.(*jsontree.Object)
	require.Equal(t, []string{"z", "a", "m"}, o.Names())
	o.Set("a", jsontree.Number("5"))
	require.Equal(t, 3, o.Len())
	require.JSONEq(t, `{"z":1,"a":5,"m":3}`, string(jsontree.Append(nil, o)))
}
