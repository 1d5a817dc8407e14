package schema_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/ingest/schema"
	"github.com/observatory/observatory/internal/fault"
)

func named(name, field string) string {
	return fmt.Sprintf(`{"type":"record","name":%q,"fields":[{"name":"f","type":%q}]}`, name, field)
}

// A schema finds what it needs over several steps, also when it comes out of the store again.
func TestReferencesOfReferences(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	by := w.tenant(t)
	w.register(t, by, "a", named("A", "int"))
	w.register(t, by, "b", named("B", "A"), schema.Reference{Name: "A", Subject: "a", Version: 1})
	c := w.register(t, by, "c", `{"type":"record","name":"C","fields":[{"name":"b","type":"B"},{"name":"a","type":"A"}]}`,
		schema.Reference{Name: "B", Subject: "b", Version: schema.Latest}, schema.Reference{Name: "A", Subject: "a", Version: 1})
	require.Equal(t, 1, c.Schema.References[0].Version, "the latest is a number once it is registered")
	compiled, err := w.node().Compiled(t.Context(), by.Principal.Tenant, c.Schema.ID)
	require.NoError(t, err)
	require.Equal(t, c.Schema.References, compiled.Schema.References)

	users, err := w.Referrers(t.Context(), by.Principal.Tenant, "a", 1, schema.ShowLive)
	require.NoError(t, err)
	require.Len(t, users, 2)
	_, err = w.RemoveSubject(t.Context(), by, "a", false)
	require.ErrorIs(t, err, schema.ErrReferenced)
	_, err = w.RemoveVersion(t.Context(), by, "b", 1, false)
	require.ErrorIs(t, err, schema.ErrReferenced)
	for _, subject := range []string{"c", "b", "a"} {
		_, err = w.RemoveSubject(t.Context(), by, subject, false)
		require.NoError(t, err)
	}
	_, err = w.try(t, by, "d", named("D", "A"), schema.Reference{Name: "A", Subject: "a", Version: 1})
	require.Equal(t, schema.CodeInvalid, fault.From(err).Code, "what is deleted cannot be referred to any more")
	_, err = w.RemoveSubject(t.Context(), by, "a", true)
	require.ErrorIs(t, err, schema.ErrReferenced)
	_, err = w.Compiled(t.Context(), by.Principal.Tenant, c.Schema.ID)
	require.NoError(t, err, "but what refers to it still finds it")
}

func TestReferencesThatMakeNoSense(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	by := w.tenant(t)
	w.register(t, by, "a", named("A", "int"))
	w.register(t, by, "a", `{"type":"record","name":"A","fields":[{"name":"f","type":"int"},{"name":"g","type":"int","default":1}]}`)
	w.register(t, by, "b", named("B", "A"), schema.Reference{Name: "A", Subject: "a", Version: 1})
	for why, refs := range map[string][]schema.Reference{
		"no such subject": {{Name: "A", Subject: "x", Version: 1}},
		"no such version": {{Name: "A", Subject: "a", Version: 3}},
		"version 0":       {{Name: "A", Subject: "a"}},
		"no name":         {{Subject: "a", Version: 1}},
		"two of one name": {{Name: "B", Subject: "b", Version: 1}, {Name: "A", Subject: "a", Version: 2}},
		"too many":        make([]schema.Reference, schema.MaxDependencies+1),
	} {
		_, err := w.try(t, by, "c", named("C", "A"), refs...)
		require.Error(t, err, why)
		require.Equal(t, schema.CodeInvalid, fault.From(err).Code, "%s: %v", why, err)
	}
}

// References in a circle cannot be registered. Should they stand in the database nevertheless, nobody goes round in it.
func TestCircle(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	by := w.tenant(t)
	a := w.register(t, by, "a", named("A", "int"))
	w.register(t, by, "b", named("B", "A"), schema.Reference{Name: "A", Subject: "a", Version: 1})
	w.sql(t, by, "INSERT INTO schema_references (tenant_id, schema_id, position, name, subject, version) VALUES (current_tenant(), $1, 0, 'B', 'b', 1)", int32(a.Schema.ID))
	_, err := w.node().Compiled(t.Context(), by.Principal.Tenant, a.Schema.ID)
	require.ErrorContains(t, err, "circle")
	_, err = w.try(t, by, "c", named("C", "A"), schema.Reference{Name: "A", Subject: "a", Version: 1})
	require.ErrorContains(t, err, "circle")
}
