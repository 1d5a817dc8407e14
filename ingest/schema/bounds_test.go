package schema_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/observatory/observatory/ingest/schema"
	"github.com/observatory/observatory/internal/fault"
)

// A tenant's registry has an end, and says so.
func TestRegistryIsBounded(t *testing.T) {
	t.Parallel()
	const fill = `INSERT INTO schemas (tenant_id, uuid, type, text, digest, fingerprint, created_at)
		SELECT current_tenant(), gen_random_uuid(), 'AVRO', repeat('x', $2), sha256(n::text::bytea), sha256('f'), now() FROM generate_series(1, $1::integer) n`
	for name, c := range map[string]struct {
		sql  string
		args []any
		says string
	}{
		"schemas":               {fill, []any{schema.MaxSchemas - 1, 10}, "10000 schemas"},
		"bytes":                 {fill, []any{64, schema.MaxSchemaBytes}, "8388608 bytes"},
		"versions":              {"INSERT INTO schema_versions SELECT tenant_id, 's' || n, 1, schema_id, now(), '', NULL FROM schema_versions, generate_series(2, $1::integer) n", []any{schema.MaxVersions}, "50000 versions"},
		"versions of a subject": {"INSERT INTO schema_versions SELECT tenant_id, subject, n, schema_id, now(), '', now() FROM schema_versions, generate_series(2, $1::integer) n", []any{schema.MaxSubjectVersions}, "1000 versions"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			by := w.tenant(t)
			w.register(t, by, "order", record("a:int"))
			w.sql(t, by, c.sql, c.args...)
			_, err := w.try(t, by, "order", record("a:int", "b:int=0"))
			require.ErrorIs(t, err, schema.ErrRegistryFull)
			require.Contains(t, fault.From(err).Message, c.says)
			w.register(t, by, "order", record("a:int")) // what is there is still found
			w.register(t, w.tenant(t), "order", record("a:int"))
		})
	}
}

func TestSettingsAreBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	by := w.tenant(t)
	w.sql(t, by, "INSERT INTO schema_config (tenant_id, subject, compatibility) SELECT current_tenant(), 's' || n, 'NONE' FROM generate_series(1, $1::integer) n", schema.MaxSettings)
	level := schema.Full
	_, err := w.ChangeSettings(t.Context(), by, "another", func(schema.Settings) (schema.Settings, error) { return schema.Settings{Level: &level}, nil })
	require.ErrorIs(t, err, schema.ErrRegistryFull)
	w.set(t, by, "s1", schema.Full)
}

func TestPagesAreBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	by := w.tenant(t)
	text := fmt.Sprintf(`{"type":"string","doc":%q}`, strings.Repeat("x", schema.MaxSchemaBytes-100))
	for i := range schema.MaxPageBytes/schema.MaxSchemaBytes + 2 {
		w.register(t, by, fmt.Sprintf("s%02d", i), text)
	}
	_, err := w.All(t.Context(), by.Principal.Tenant, schema.Filter{})
	require.ErrorIs(t, err, schema.ErrPageTooLarge)
	all, err := w.All(t.Context(), by.Principal.Tenant, schema.Filter{Offset: 1, Limit: 2})
	require.NoError(t, err)
	require.Len(t, all, 2)
	require.Equal(t, "s01", all[0].Subject)
}

func TestFingerprint(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "00", strings.Repeat("0", 63), strings.Repeat("g", 64), strings.Repeat("0", 65), strings.Repeat("0", 17)} {
		_, err := schema.ParseFingerprint(text)
		require.ErrorIs(t, err, schema.ErrFingerprintMalformed, text)
	}
	f, err := schema.ParseFingerprint("00000000000000FF")
	require.NoError(t, err)
	require.Equal(t, schema.Fingerprint{Rabin: 255, Short: true}, f)
}

// Whatever is registered and deleted in whatever order: versions of a subject count upwards, an ID means one text for
// ever, and what is live is what was registered and not deleted.
func TestRegistryKeepsItsWord(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rapid.Check(t, func(r *rapid.T) {
		by := w.tenant(t)
		w.set(t, by, schema.Everything, schema.None)
		meanings := map[schema.ID]string{}
		live := map[string][]string{} // texts by subject
		for range rapid.IntRange(1, 12).Draw(r, "steps") {
			subject := rapid.SampledFrom([]string{"a", "b"}).Draw(r, "subject")
			switch rapid.IntRange(0, 3).Draw(r, "what") {
			case 0, 1:
				text := record(rapid.SampledFrom([]string{"x:int", "y:int", "z:int"}).Draw(r, "text"))
				made := w.register(t, by, subject, text)
				if known, ok := meanings[made.Schema.ID]; ok {
					require.Equal(r, known, text)
				}
				meanings[made.Schema.ID] = text
				if !contains(live[subject], text) {
					live[subject] = append(live[subject], text)
				}
			case 2:
				_, err := w.RemoveSubject(t.Context(), by, subject, false)
				if len(live[subject]) == 0 {
					require.True(r, errors.Is(err, schema.ErrSubjectNotFound) || errors.Is(err, schema.ErrSubjectDeleted), "%v", err)
					continue
				}
				require.NoError(r, err)
				delete(live, subject)
			case 3:
				_, err := w.RemoveSubject(t.Context(), by, subject, true)
				if err != nil {
					require.True(r, errors.Is(err, schema.ErrSubjectNotFound) || errors.Is(err, schema.ErrSubjectNotDeleted), "%v", err)
				}
			}
			for _, name := range []string{"a", "b"} {
				all, err := w.All(t.Context(), by.Principal.Tenant, schema.Filter{Prefix: name})
				require.NoError(r, err)
				var texts []string
				last := 0
				for _, v := range all {
					require.Greater(r, v.Number, last)
					last = v.Number
					texts = append(texts, v.Schema.Text)
				}
				require.ElementsMatch(r, live[name], texts)
			}
		}
	})
}

func contains(all []string, text string) bool {
	for _, t := range all {
		if t == text {
			return true
		}
	}
	return false
}
