package privacy_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/jobs"
	"github.com/observatory/observatory/internal/jobs/jobspg"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/tenants"
)

// The same is filed once, also by many at once.
func TestFiledOnce(t *testing.T) {
	t.Parallel()
	s := newWorld(t).scene()
	by := s.by(s.tenant)
	filing := func(key string, users ...string) privacy.Filing {
		f := privacy.Filing{Type: privacy.Erase, Key: key, Origin: privacy.ByMember}
		for _, u := range users {
			f.Subjects = append(f.Subjects, privacy.Identifier{Kind: privacy.UserID, Value: u})
		}
		return f
	}
	ids, errs := make([]privacy.ID, 8), make([]error, 8)
	var all sync.WaitGroup
	for i := range ids {
		all.Go(func() {
			r, err := s.service.File(s.Context(), by, filing("", "ada", "bob"))
			ids[i], errs[i] = r.ID, err
		})
	}
	all.Wait()
	for i := range ids {
		require.NoError(t, errs[i])
		require.Equal(t, ids[0], ids[i])
	}
	file := func(f privacy.Filing) privacy.ID {
		r, err := s.service.File(s.Context(), by, f)
		require.NoError(t, err)
		return r.ID
	}
	require.Equal(t, ids[0], file(filing("", "ada", "ada", "bob")), "nobody counts twice")
	keyed := file(filing("k", "ada", "bob"))
	require.NotEqual(t, ids[0], keyed, "a key says that it is another")
	s.now = s.now.Add(2 * time.Minute)
	require.NotEqual(t, ids[0], file(filing("", "ada", "bob")))
	require.Equal(t, keyed, file(filing("k", "ada", "bob")))
	_, err := s.service.File(s.Context(), by, filing("k", "bob"))
	require.ErrorIs(t, err, privacy.ErrIdempotencyUsed)
	other := s.scene()
	r, err := other.service.File(s.Context(), s.by(other.tenant), filing("k", "ada", "bob"))
	require.NoError(t, err)
	require.NotEqual(t, keyed, r.ID, "a key is one tenant's own")
}

func TestWhatCannotBeFiled(t *testing.T) {
	t.Parallel()
	s := newWorld(t).scene()
	user := func(v string) []privacy.Identifier {
		return []privacy.Identifier{{Kind: privacy.UserID, Value: v}}
	}
	many := make([]privacy.Identifier, privacy.MaxSubjects+1)
	for i := range many {
		many[i] = privacy.Identifier{Kind: privacy.UserID, Value: fmt.Sprint(i)}
	}
	for _, c := range []struct {
		f    privacy.Filing
		want error
	}{
		{privacy.Filing{Type: "forget", Subjects: user("ada")}, privacy.ErrRequestInvalid},
		{privacy.Filing{Type: privacy.Erase}, privacy.ErrRequestInvalid},
		{privacy.Filing{Type: privacy.Erase, Subjects: many}, privacy.ErrRequestInvalid},
		{privacy.Filing{Type: privacy.Erase, Subjects: user("ada"), Note: strings.Repeat("x", 1001)}, privacy.ErrRequestInvalid},
		{privacy.Filing{Type: privacy.Erase, Subjects: user("")}, privacy.ErrSubjectInvalid},
		{privacy.Filing{Type: privacy.Erase, Subjects: user("ada-482"), Note: "Ticket of ADA-482"}, privacy.ErrNoteTelling},
	} {
		_, err := s.service.File(t.Context(), s.by(s.tenant), c.f)
		require.ErrorIs(t, err, c.want)
	}
	viewer := s.by(s.tenant)
	viewer.Principal.Role = tenants.RoleViewer
	_, err := s.service.File(t.Context(), viewer, privacy.Filing{Type: privacy.Erase, Subjects: user("ada")})
	require.ErrorIs(t, err, tenants.ErrPermissionDenied)
	many = many[1:]
	r, err := s.service.File(t.Context(), s.by(s.tenant), privacy.Filing{Type: privacy.Suppress, Subjects: many, Origin: privacy.ByMember})
	require.NoError(t, err)
	require.Equal(t, privacy.Completed, s.settle(s.deps, r.ID).State, "so many can be carried out")
}

// No other tenant sees or changes a request, and the database holds no identifier, neither while it is open nor later.
func TestNobodyElseKnows(t *testing.T) {
	t.Parallel()
	s := newWorld(t).scene()
	const secret = "quite-a-rare-name"
	s.people.join(secret, secret+"-2")
	r := s.file(privacy.Filing{Type: privacy.Erase, Suppress: true, Confirm: true}, secret)
	s.settle(s.deps, r.ID)
	stranger := s.by(s.world.tenant())
	_, _, err := s.service.Get(t.Context(), stranger.Principal.Tenant, r.ID)
	require.ErrorIs(t, err, privacy.ErrNoSuchRequest)
	_, err = s.service.People(t.Context(), stranger, r.ID, 0, 10)
	require.ErrorIs(t, err, privacy.ErrNoSuchRequest)
	_, err = s.service.Cancel(t.Context(), stranger, r.ID)
	require.ErrorIs(t, err, privacy.ErrNoSuchRequest)
	all, err := s.service.List(t.Context(), stranger.Principal.Tenant, privacy.Filter{}, nil, 10)
	require.NoError(t, err)
	require.Empty(t, all)

	require.NotContains(t, s.dump(), secret)
	_, err = s.service.Approve(t.Context(), s.by(s.tenant), r.ID, nil)
	require.NoError(t, err)
	require.Equal(t, privacy.Completed, s.settle(s.deps, r.ID).State)
	require.NotContains(t, s.dump(), secret)
}

// dump is everything that the tables hold.
func (w *world) dump() string {
	w.Helper()
	conn, err := pgx.Connect(w.Context(), w.url)
	require.NoError(w, err)
	defer func() { _ = conn.Close(w.Context()) }()
	read := func(sql string) []string {
		rows, err := conn.Query(w.Context(), sql)
		require.NoError(w, err)
		all, err := pgx.CollectRows(rows, pgx.RowTo[string])
		require.NoError(w, err)
		return all
	}
	var text strings.Builder
	for _, table := range read("SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace") {
		name := pgx.Identifier{table}.Sanitize()
		_, err := conn.Exec(w.Context(), "ALTER TABLE "+name+" NO FORCE ROW LEVEL SECURITY")
		require.NoError(w, err)
		text.WriteString(strings.Join(read("SELECT row_to_json(r)::text FROM "+name+" r"), "\n"))
		_, err = conn.Exec(w.Context(), "ALTER TABLE "+name+" FORCE ROW LEVEL SECURITY")
		require.NoError(w, err)
	}
	require.Contains(w, text.String(), "privacy_request:")
	return text.String()
}

func TestDeadlines(t *testing.T) {
	t.Parallel()
	s := newWorld(t).scene()
	s.now = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	by := s.by(s.tenant)
	r := s.file(privacy.Filing{Type: privacy.Erase, Confirm: true}, "ada")
	require.Equal(t, time.Date(2026, 2, 28, 12, 0, 0, 0, time.UTC), r.Deadline)
	extend := func(until time.Time, why string) error {
		_, err := s.service.Extend(t.Context(), by, r.ID, until, why)
		return err
	}
	require.ErrorIs(t, extend(r.Deadline.Add(-time.Hour), "Complex."), privacy.ErrExtension)
	require.ErrorIs(t, extend(r.Deadline.AddDate(0, 1, 0), " "), privacy.ErrExtension)
	require.ErrorIs(t, extend(time.Date(2026, 4, 30, 13, 0, 0, 0, time.UTC), "Complex."), privacy.ErrExtension)
	require.NoError(t, extend(time.Date(2026, 4, 30, 12, 0, 0, 0, time.UTC), "Complex."))
	require.ErrorIs(t, extend(time.Date(2026, 4, 30, 12, 0, 0, 0, time.UTC), "Again."), privacy.ErrExtension)

	later := s.file(privacy.Filing{Type: privacy.Erase, Confirm: true}, "bob")
	open, err := s.service.Deadlines(t.Context(), s.tenant, 10)
	require.NoError(t, err)
	require.Equal(t, []privacy.ID{later.ID, r.ID}, []privacy.ID{open[0].ID, open[1].ID})
	_, err = s.service.Cancel(t.Context(), by, r.ID)
	require.NoError(t, err)
	require.ErrorIs(t, extend(time.Date(2026, 4, 30, 12, 0, 0, 0, time.UTC), "Over."), privacy.ErrRequestOver)
}

// The watch makes the job again that was lost, and counts what is overdue.
func TestWatch(t *testing.T) {
	t.Parallel()
	s := newWorld(t).scene()
	asleep := s.file(privacy.Filing{Type: privacy.Erase, Confirm: true}, "bob")
	s.settle(s.deps, asleep.ID)
	r := s.file(privacy.Filing{Type: privacy.Erase}, "ada")
	var overdue int
	made := &jobsMade{Store: jobspg.New(s.pool, jobspg.Config{})}
	told := &lookout{Lookout: s.store.Lookout(nil)}
	watch := privacy.NewWatch(told, made, func(n int) { overdue = n }, func() time.Time { return s.now })
	require.NoError(t, watch.Run(t.Context()))
	require.Equal(t, []jobs.Enqueued{{ID: made.all[0].ID, Existing: true}}, made.all, "its job is open, and the other request waits for a person")
	require.Zero(t, overdue)

	s.now = s.now.AddDate(0, 1, 1)
	require.NoError(t, watch.Run(t.Context()))
	require.Equal(t, 2, overdue)
	require.Len(t, told.all, 2)
	for _, ref := range told.all {
		require.Contains(t, []privacy.ID{r.ID, asleep.ID}, ref.ID)
	}
}

type jobsMade struct {
	*jobspg.Store
	all []jobs.Enqueued
}

func (j *jobsMade) Enqueue(ctx context.Context, all ...jobs.Job) ([]jobs.Enqueued, error) {
	made, err := j.Store.Enqueue(ctx, all...)
	j.all = append(j.all, made...)
	return made, err
}

type lookout struct {
	privacy.Lookout
	all []privacy.Ref
}

func (l *lookout) Tell(_ context.Context, r privacy.Ref, _ time.Time) error {
	l.all = append(l.all, r)
	return nil
}

// What is counted before anything is filed, is what is there.
func TestPreview(t *testing.T) {
	t.Parallel()
	s := newWorld(t).scene()
	s.people.join("ada", "ada-2")
	found, err := s.service.Preview(t.Context(), s.by(s.tenant), []privacy.Identifier{{Kind: privacy.UserID, Value: "ada"}})
	require.NoError(t, err)
	require.Equal(t, []string{"ada", "ada-2"}, found.People[0].UserIDs)
	require.Equal(t, []privacy.CopyHolding{{Copy: "events", Holding: privacy.Holding{Items: 3, Unit: "rows"}}, {Copy: "profiles", Holding: privacy.Holding{Items: 1, Unit: "rows"}}}, found.Copies)
	require.EqualValues(t, 2, s.events.has["ada"])
	_, err = s.service.Preview(t.Context(), s.by(s.tenant), nil)
	require.ErrorIs(t, err, privacy.ErrRequestInvalid)
}
