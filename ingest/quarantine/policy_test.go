package quarantine_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/ingest/quarantine"
	"github.com/observatory/observatory/internal/fault"
)

func TestParse(t *testing.T) {
	t.Parallel()
	require.Equal(t, quarantine.Policy{KeepDays: 90, Notify: true}, quarantine.Default())
	for document, want := range map[string]quarantine.Policy{
		`{}`:                                   quarantine.Default(),
		` {"keep_days":1} `:                    {KeepDays: 1, Notify: true},
		`{"keep_days":365,"notify":false}`:     {KeepDays: 365},
		"{\"notify\":true,\n\"keep_days\":30}": {KeepDays: 30, Notify: true},
	} {
		got, err := quarantine.Parse([]byte(document))
		require.NoError(t, err, document)
		require.Equal(t, want, got, document)
	}
	for document, says := range map[string]string{
		``:                        "JSON object",
		`null`:                    "JSON object",
		`[]`:                      "JSON object",
		`{"keep_days":90`:         "JSON object",
		`{} {}`:                   "one JSON object",
		`{} x`:                    "one JSON object",
		`{"keep_days":0}`:         "from 1 to 365",
		`{"keep_days":366}`:       "from 1 to 365",
		`{"keep_days":1.5}`:       "from 1 to 365",
		`{"keep_days":"9"}`:       "from 1 to 365",
		`{"keep_days":null}`:      "from 1 to 365",
		`{"keep_days":1e99}`:      "from 1 to 365",
		`{"notify":null}`:         "true or false",
		`{"notify":1}`:            "true or false",
		`{"keep":1}`:              `"keep" is not a field`,
		`{"Keep_days":1}`:         `"Keep_days" is not a field`,
		strings.Repeat(" ", 2000): "2000 bytes",
	} {
		_, err := quarantine.Parse([]byte(document))
		require.Equal(t, fault.Code("invalid_policy"), fault.From(err).Code, document)
		require.Contains(t, err.Error(), says, document)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{`{"keep_days":90,"notify":true}`, `{}`, `[`, `{"keep_days":null}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		p, err := quarantine.Parse(document)
		if err != nil {
			require.Equal(t, fault.Invalid, fault.KindOf(err))
			return
		}
		require.GreaterOrEqual(t, p.KeepDays, 1)
		require.LessOrEqual(t, p.KeepDays, quarantine.MaxKeepDays)
	})
}
