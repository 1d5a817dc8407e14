package analytics_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/analytics"
	"github.com/observatory/observatory/internal/fault"
)

func TestParsePath(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]analytics.Path{
		"user_id":               {Field: "user_id"},
		"properties.price":      {Field: "properties", Keys: []string{"price"}},
		"context.page.url":      {Field: "context", Keys: []string{"page", "url"}},
		`properties.file\.name`: {Field: "properties", Keys: []string{"file.name"}},
		`properties.a\\.b`:      {Field: "properties", Keys: []string{`a\`, "b"}},
		"properties.0. x ":      {Field: "properties", Keys: []string{"0", " x "}},
		"properties.user_id":    {Field: "properties", Keys: []string{"user_id"}},
		"facts.country":         {Field: "facts", Keys: []string{"country"}},
		"bot":                   {Field: "bot"},
		"properties.'; DROP":    {Field: "properties", Keys: []string{"'; DROP"}},
	} {
		got, err := analytics.ParsePath(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got)
		require.Equal(t, text, got.String())
		require.Equal(t, len(want.Keys) > 0, got.IsJSON())
	}
	for _, text := range []string{
		"", ".", "properties", "properties.", ".properties", "properties..a", "time", "received_at", "_batch_id", "tenant_id", "user_id.x", "other.x",
		`properties.a\`, `properties.\a`, "properties.a.", strings.Repeat("ä", 301), "PROPERTIES.x", " user_id", "facts", "bot.x",
	} {
		_, err := analytics.ParsePath(text)
		require.Equal(t, analytics.CodePropertyInvalid, fault.From(err).Code, text)
		require.Equal(t, fault.Invalid, fault.KindOf(err))
	}
}

func FuzzParsePath(f *testing.F) {
	for _, text := range []string{"user_id", "properties.a.b", `context.a\.b.c\\`, "properties..a", `properties.\x`, "\xff"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		path, err := analytics.ParsePath(text)
		if err != nil {
			require.Equal(t, fault.Invalid, fault.KindOf(err))
			return
		}
		require.Equal(t, text, path.String())
		for _, key := range path.Keys {
			require.NotEmpty(t, key)
		}
	})
}
