package schema_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/ingest/schema"
	"github.com/observatory/observatory/tenants"
)

func TestRegisterTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	by := w.tenant(t)
	first := w.register(t, by, "order", record("a:int"))
	require.Equal(t, 1, first.Number)
	require.Equal(t, "ada@example.com", first.CreatedBy)
	require.Equal(t, uuid.Version(7), first.Schema.UUID.Version())
	require.Equal(t, first, withTime(w.register(t, by, "order", "  "+record("a:int")+"\n"), first), "layout makes no difference")
	other := w.register(t, by, "invoice", record("a:int"))
	require.Equal(t, first.Schema.ID, other.Schema.ID, "a text is kept once")
	require.Equal(t, 1, other.Number)
	second := w.register(t, by, "order", record("a:int", "b:int=0"))
	require.Equal(t, 2, second.Number)
	require.Equal(t, 1, w.register(t, by, "order", record("a:int")).Number, "an old version is still itself")
	require.Equal(t, []int{1, 2}, w.numbers(t, by, "order", schema.ShowLive))
}

// withTime is a version with the times of another one, which a database may have rounded.
func withTime(v, like schema.Registered) schema.Registered {
	v.CreatedAt, v.Schema.CreatedAt, v.Schema.References = like.CreatedAt, like.Schema.CreatedAt, like.Schema.References
	return v
}

func TestNormalize(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	by := w.tenant(t)
	plain := schema.Proposal{Subject: "order", Text: `{"fields":[{"type":{"type":"int"},"name":"a"}],"name":"R","type":"record"}`}
	normal := plain
	normal.Normalize = true
	made, err := w.Register(t.Context(), by, schema.RegisterInput{Proposal: normal})
	require.NoError(t, err)
	require.NotEqual(t, plain.Text, made.Schema.Text)
	_, err = w.Lookup(t.Context(), by.Principal.Tenant, plain, schema.ShowLive)
	require.ErrorIs(t, err, schema.ErrSchemaNotFound)
	yes := true
	_, err = w.ChangeSettings(t.Context(), by, "order", func(s schema.Settings) (schema.Settings, error) {
		s.Normalize = &yes
		return s, nil
	})
	require.NoError(t, err)
	found, err := w.Lookup(t.Context(), by.Principal.Tenant, plain, schema.ShowLive)
	require.NoError(t, err, "the setting says so")
	require.Equal(t, made.Schema.ID, found.Schema.ID)
}

// A refused schema leaves nothing behind.
func TestIncompatible(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	by := w.tenant(t)
	w.register(t, by, "order", record("a:int"))
	before, err := w.Newest(t.Context(), by.Principal.Tenant)
	require.NoError(t, err)
	_, err = w.try(t, by, "order", record("a:int", "b:int"))
	var told *schema.IncompatibleError
	require.ErrorAs(t, err, &told)
	require.ErrorIs(t, err, schema.ErrIncompatible)
	require.Equal(t, schema.Backward, told.Level)
	require.Len(t, told.Conflicts, 1)
	require.Equal(t, 1, told.Conflicts[0].Version)
	require.NotEmpty(t, told.Conflicts[0].Advice)
	after, err := w.Newest(t.Context(), by.Principal.Tenant)
	require.NoError(t, err)
	require.Equal(t, before, after)
	require.Equal(t, []int{1}, w.numbers(t, by, "order", schema.ShowAll))
}

// What each level lets through, given two versions of which the newer dropped `old` and the older never had `new`.
func TestLevels(t *testing.T) {
	t.Parallel()
	const (
		v1 = "a:int" // then: old:int=0 is added, then taken away again
	)
	history := []string{record(v1, "old:string=\"\""), record(v1)}
	for _, c := range []struct {
		level    schema.Level
		proposed string
		fits     bool
		against  []int // versions that it does not get on with
	}{
		{schema.None, record("a:string"), true, nil},
		{schema.Backward, record(v1, "b:int=0"), true, nil},
		{schema.Backward, record(v1, "b:int"), false, []int{2}},
		{schema.Backward, record(v1, "old:int=0"), true, nil}, // only version 1 would mind
		{schema.BackwardTransitive, record(v1, "old:int=0"), false, []int{1}},
		{schema.BackwardTransitive, record(v1, "b:int"), false, []int{2, 1}},
		{schema.Forward, record(v1, "b:int"), true, nil},
		{schema.Forward, record("b:int"), false, []int{2}},
		{schema.ForwardTransitive, record("b:int"), false, []int{2, 1}},
		{schema.ForwardTransitive, record(v1, "old:int"), false, []int{1}},
		{schema.Full, record(v1, "b:int=0"), true, nil},
		{schema.Full, record(v1, "b:int"), false, []int{2}},
		{schema.Full, record("b:int=0"), false, []int{2}},
		{schema.FullTransitive, record(v1, "b:int=0"), true, nil},
		{schema.FullTransitive, record(v1, "old:int=0"), false, []int{1, 1}},
	} {
		t.Run(fmt.Sprint(c.level, c.proposed), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			by := w.tenant(t)
			for _, text := range history {
				w.register(t, by, "order", text)
			}
			w.set(t, by, schema.Everything, c.level)
			p := schema.Proposal{Subject: "order", Text: c.proposed}
			compared, err := w.Compare(t.Context(), by.Principal.Tenant, p, 0)
			require.NoError(t, err)
			require.Equal(t, c.level, compared.Level)
			var against []int
			for _, conflict := range compared.Conflicts {
				against = append(against, conflict.Version)
			}
			require.Equal(t, c.against, against)
			_, err = w.Register(t.Context(), by, schema.RegisterInput{Proposal: p})
			if c.fits {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, schema.ErrIncompatible)
			}
		})
	}
}

func TestCompareWithOneVersion(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	by := w.tenant(t)
	compare := func(subject string, number int) (int, error) {
		c, err := w.Compare(t.Context(), by.Principal.Tenant, schema.Proposal{Subject: subject, Text: record("a:int", "b:int")}, number)
		return len(c.Conflicts), err
	}
	n, err := compare("order", schema.Latest)
	require.NoError(t, err, "a subject that begins is compatible with everything")
	require.Zero(t, n)
	_, err = compare("order", 1)
	require.ErrorIs(t, err, schema.ErrSubjectNotFound)
	w.register(t, by, "order", record("a:int", "b:int"))
	w.register(t, by, "order", record("a:int"))
	for number, want := range map[int]int{1: 0, 2: 1, schema.Latest: 1} {
		n, err := compare("order", number)
		require.NoError(t, err)
		require.Equal(t, want, n, number)
	}
	_, err = compare("order", 3)
	require.ErrorIs(t, err, schema.ErrVersionNotFound)
	_, err = w.Register(t.Context(), by, schema.RegisterInput{Proposal: schema.Proposal{Subject: "order", Type: schema.JSON, Text: `{"type":"object"}`}})
	var told *schema.IncompatibleError
	require.ErrorAs(t, err, &told)
	require.Equal(t, "TYPE_CHANGED", told.Conflicts[0].Rule)
}

// On whichever nodes, callers with the same schema get the same version, and those with different ones each their own.
func TestRegisterAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	by := w.tenant(t)
	w.set(t, by, schema.Everything, schema.None)
	nodes := []*schema.Registry{w.Registry, w.node(), w.node()}
	const callers, texts = 24, 4
	made := make([]schema.Registered, callers)
	errs := make([]error, callers)
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() {
			made[i], errs[i] = nodes[i%len(nodes)].Register(t.Context(), by, schema.RegisterInput{Proposal: schema.Proposal{Subject: "order", Text: record(fmt.Sprintf("f%d:int", i%texts))}})
		})
	}
	all.Wait()
	require.NoError(t, errors.Join(errs...))
	byText := map[int]schema.Registered{}
	for i, m := range made {
		if known, ok := byText[i%texts]; ok {
			require.Equal(t, known.Number, m.Number)
			require.Equal(t, known.Schema.ID, m.Schema.ID)
		}
		byText[i%texts] = m
	}
	require.Equal(t, []int{1, 2, 3, 4}, w.numbers(t, by, "order", schema.ShowAll))
}

// Who waits for a turn and gives up leaves nothing behind.
func TestGivingUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	by := w.tenant(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := w.Register(ctx, by, schema.RegisterInput{Proposal: schema.Proposal{Subject: "order", Text: record("a:int")}})
	require.ErrorIs(t, err, context.Canceled)
	w.register(t, by, "order", record("a:int"))
}

func TestWhoMayChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	by := w.tenant(t)
	w.register(t, by, "order", record("a:int"))
	viewer := by
	viewer.Principal.Role = tenants.RoleViewer
	_, err := w.try(t, viewer, "order", record("a:int", "b:int=0"))
	require.ErrorIs(t, err, tenants.ErrPermissionDenied)
	_, err = w.RemoveSubject(t.Context(), viewer, "order", false)
	require.ErrorIs(t, err, tenants.ErrPermissionDenied)
	_, err = w.RemoveVersion(t.Context(), viewer, "order", 1, false)
	require.ErrorIs(t, err, tenants.ErrPermissionDenied)
	_, err = w.ChangeSettings(t.Context(), viewer, "order", func(s schema.Settings) (schema.Settings, error) { return s, nil })
	require.ErrorIs(t, err, tenants.ErrPermissionDenied)
}

func TestChangesAreAudited(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	by := w.tenant(t)
	w.register(t, by, "order", record("a:int"))
	w.register(t, by, "order", record("a:int")) // changes nothing
	w.set(t, by, "order", schema.Full)
	_, err := w.RemoveVersion(t.Context(), by, "order", 1, false)
	require.NoError(t, err)
	_, err = w.RemoveSubject(t.Context(), by, "order", true)
	require.NoError(t, err)
	var entries []tenants.AuditEntry
	require.NoError(t, w.control.Tenant(t.Context(), by.Principal.Tenant, func(tx tenants.TenantTx) (err error) {
		entries, err = tx.AuditAfter(t.Context(), 0, 100)
		return err
	}))
	var actions []string
	for _, e := range entries {
		actions = append(actions, e.Action)
		require.Equal(t, "schema_subject:order", e.Target)
		require.Equal(t, by.Principal.Actor, e.Actor)
		require.Equal(t, "c-1", e.CorrelationID)
		require.Equal(t, e.ChainHash(by.Principal.Tenant), e.Hash)
	}
	require.Equal(t, []string{"schema.registered", "schema_settings.changed", "schema_version.deleted", "schema_subject.removed"}, actions)
	require.Equal(t, "FULL", entries[1].Details["compatibility"])
}

// IDs, UUIDs, fingerprints and subjects of one tenant mean nothing in another.
func TestTenantsAreApart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ours, theirs := w.tenant(t), w.tenant(t)
	made := w.register(t, ours, "order", record("a:int"))
	tenant := theirs.Principal.Tenant
	f := schema.Fingerprint{SHA256: made.Schema.Fingerprints.SHA256}
	short := schema.Fingerprint{Rabin: made.Schema.Fingerprints.Rabin, Short: true}
	for _, look := range []func(tenants.ID) (schema.Schema, error){
		func(id tenants.ID) (schema.Schema, error) { return w.ByID(t.Context(), id, made.Schema.ID) },
		func(id tenants.ID) (schema.Schema, error) { return w.ByUUID(t.Context(), id, made.Schema.UUID) },
		func(id tenants.ID) (schema.Schema, error) { return w.ByFingerprint(t.Context(), id, f) },
		func(id tenants.ID) (schema.Schema, error) { return w.ByFingerprint(t.Context(), id, short) },
		func(id tenants.ID) (schema.Schema, error) {
			c, err := w.Compiled(t.Context(), id, made.Schema.ID)
			if err != nil {
				return schema.Schema{}, err
			}
			return c.Schema, nil
		},
	} {
		found, err := look(ours.Principal.Tenant)
		require.NoError(t, err)
		require.Equal(t, made.Schema.ID, found.ID)
		_, err = look(tenant)
		require.ErrorIs(t, err, schema.ErrSchemaNotFound)
	}
	_, err := w.Versions(t.Context(), tenant, "order", schema.ShowAll)
	require.ErrorIs(t, err, schema.ErrSubjectNotFound)
	_, err = w.RemoveSubject(t.Context(), theirs, "order", false)
	require.ErrorIs(t, err, schema.ErrSubjectNotFound)
	_, err = w.try(t, theirs, "invoice", `{"type":"array","items":"R"}`, schema.Reference{Name: "R", Subject: "order", Version: 1})
	require.ErrorContains(t, err, "not registered")
	names, err := w.Subjects(t.Context(), tenant, schema.Filter{Show: schema.ShowAll})
	require.NoError(t, err)
	require.Empty(t, names)
	same := w.register(t, theirs, "order", record("a:int"))
	require.NotEqual(t, made.Schema.ID, same.Schema.ID)
	require.NotEqual(t, made.Schema.UUID, same.Schema.UUID)
}

func TestCompiledIsKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	by := w.tenant(t)
	made := w.register(t, by, "order", record("a:int"))
	one, err := w.Compiled(t.Context(), by.Principal.Tenant, made.Schema.ID)
	require.NoError(t, err)
	two, err := w.Compiled(t.Context(), by.Principal.Tenant, made.Schema.ID)
	require.NoError(t, err)
	require.Same(t, one, two)
	require.Equal(t, made.Schema.Fingerprints, one.Parsed.Fingerprints())
	_, err = w.RemoveSubject(t.Context(), by, "order", false)
	require.NoError(t, err)
	_, err = w.Compiled(t.Context(), by.Principal.Tenant, made.Schema.ID)
	require.NoError(t, err, "what was written with it can still be read")
	_, err = w.RemoveSubject(t.Context(), by, "order", true)
	require.NoError(t, err)
	_, err = w.Compiled(t.Context(), by.Principal.Tenant, made.Schema.ID)
	require.ErrorIs(t, err, schema.ErrSchemaNotFound)
}
