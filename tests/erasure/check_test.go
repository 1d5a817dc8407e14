package erasure_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/repair"
	"github.com/observatory/observatory/internal/jobs"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/privacy/archive"
	"github.com/observatory/observatory/tests/search"
)

// patience is for how long anything may take: many tests share the machine.
const patience = 10 * time.Minute

// end waits until everything is over that was asked for.
func (x *history) end(ctx context.Context) error {
	x.hazards.Store(false)
	until, stop := context.WithCancel(ctx)
	var working errgroup.Group
	working.Go(func() error { return x.answer(until) })
	err := eventually(ctx, x.settled)
	stop()
	return errors.Join(err, working.Wait(), x.h.node.sink.WaitSettled(ctx, x.h.node.log.End()))
}

// derive makes all that is made of events. One is made of the other, so once is not enough.
func (x *history) derive(ctx context.Context) error {
	run := jobs.Unwatched(uuid.UUID(x.tenant))
	return eventually(ctx, func(ctx context.Context) error {
		f := &fuse{left: -1}
		if err := errors.Join(x.stitch(ctx, f, run), x.compute(ctx, f, run), x.archive(ctx, f, run)); err != nil {
			return err
		}
		behind, err := x.behind(ctx)
		if len(behind) > 0 {
			return fmt.Errorf("%d hours are still to be computed", len(behind))
		}
		return err
	})
}

// behind are the hours that were over when everything began, and have changed since they were computed: those that are due, and those that will be
// as soon as they have been quiet for long enough.
func (x *history) behind(ctx context.Context) (hours []time.Time, err error) {
	dirty, err := x.h.marks.DirtyOf(ctx, x.tenant)
	for _, d := range dirty {
		if end := d.Hour.Add(time.Hour); end.Before(x.h.began.Add(-time.Minute)) {
			hours = append(hours, d.Hour)
		}
	}
	return hours, err
}

// settled is an error while a request or a replay is not over.
func (x *history) settled(ctx context.Context) error {
	for _, a := range x.open() {
		r, err := x.h.requests.Get(ctx, x.tenant, a.id)
		left := slices.DeleteFunc(r.Steps, func(s privacy.Step) bool { return s.State == privacy.StepClear })
		return errors.Join(err, fmt.Errorf("request %s is %s, waits for %q, with %+v still to go", a.id, r.State, r.Waiting, left))
	}
	all, err := x.h.replays.List(ctx, x.tenant, nil, 100)
	for _, r := range all {
		if r.State != repair.Done {
			err = fmt.Errorf("replay %s is %s: %s", r.ID, r.State, r.Error)
		}
	}
	return err
}

// eventually tries until it does, or returns the last error.
func eventually(ctx context.Context, try func(context.Context) error) error {
	began := time.Now()
	for {
		err := try(ctx)
		if err == nil || time.Since(began) > patience || !pause(ctx, 50*time.Millisecond) {
			return err
		}
	}
}

// row is an event as the store has it.
type row struct{ name, user, anonymous, properties string }

// check compares what there is with what there should be.
func (x *history) check(t *testing.T) {
	for _, a := range x.asked {
		r, err := x.h.requests.Get(t.Context(), x.tenant, a.id)
		require.NoError(t, err)
		require.Equal(t, privacy.Completed, r.State)
	}
	stored, letters := x.stored(t), x.letters(t)
	for _, s := range x.sent {
		x.checkEvent(t, s, stored, letters)
	}
	require.Subset(t, x.ids(), keys(stored), "nothing is stored that was not sent")
	x.checkReceipts(t)
	x.checkDerived(t, len(stored))
}

func (x *history) checkEvent(t *testing.T, s *sent, stored map[string]row, letters map[string]bool) {
	e, isStored := stored[s.id]
	there := isStored || letters[s.id]
	switch {
	case x.maybeTheirs(s): // whose kiosk it was has been erased
	case s.human == nil, s.human.phase == early, s.human.returns && s.phase == late:
		require.True(t, there || !s.accepted, "an event of somebody else is lost: %s", s.text)
		require.True(t, s.name == misspelt || !letters[s.id], "an event that is right is in quarantine: %s", s.text)
	case !s.human.returns || s.phase == early:
		require.False(t, there, "an event of who was erased is there: %s\n%s", s.text, x.explain(t, s))
	}
	if !isStored {
		return
	}
	require.Contains(t, []string{s.name, mended}, e.name)
	require.Equal(t, s.user, e.user)
	if !x.kioskTaken() || e.anonymous != "" {
		require.Equal(t, s.anon, e.anonymous)
	}
	if s.human != nil {
		require.Contains(t, e.properties, s.mark())
	}
}

// explain is what is known of an event that should have gone.
func (x *history) explain(t *testing.T, s *sent) string {
	var text strings.Builder
	fmt.Fprintf(&text, "%+v\n", *s.human)
	for _, a := range x.asked {
		if slices.Contains(a.humans, s.human) {
			text.WriteString(x.story(t, a))
		}
	}
	rows, err := x.h.conn.Query(t.Context(), "SELECT formatRowNoNewline('JSONEachRow', *) FROM events WHERE tenant_id = {tenant:UUID} AND user_id = {user:String}",
		clickhouse.Named("tenant", x.tenant.String()), clickhouse.Named("user", s.user))
	require.NoError(t, err)
	defer func() { require.NoError(t, rows.Close()) }()
	for rows.Next() {
		var row string
		require.NoError(t, rows.Scan(&row))
		fmt.Fprintln(&text, row)
	}
	require.NoError(t, rows.Err())
	return text.String()
}

// story is what is known of a request.
func (x *history) story(t *testing.T, a *asked) string {
	var text strings.Builder
	r, moments, err := privacy.NewService(x.h.requests, nil, nil, time.Now).Get(t.Context(), x.tenant, a.id)
	fmt.Fprintf(&text, "request %s of tenant %s filed %s: %+v, received before %+v, about %+v %v\n", a.id, x.tenant, a.at, a.filing, r.Position, x.about[a.id], err)
	for _, m := range moments {
		fmt.Fprintf(&text, "\t%s %s %s\n", m.At.Format(time.StampMicro), m.State, m.Text)
	}
	return text.String()
}

// kioskTaken tells whether a request turned out to be about the kiosk's device as well: whoever used it first has been erased.
func (x *history) kioskTaken() bool {
	return slices.ContainsFunc(x.asked, func(a *asked) bool {
		return len(a.humans) > 0 && slices.ContainsFunc(x.about[a.id], func(p privacy.Person) bool { return slices.Contains(p.AnonymousIDs, x.kiosk) })
	})
}

// maybeTheirs tells whether an event that names the kiosk may have gone with the person whose it was: one of nobody's, and one in quarantine,
// which goes as a whole.
func (x *history) maybeTheirs(s *sent) bool {
	return s.anon == x.kiosk && (s.human == nil || s.name == misspelt && s.human.phase == early) && x.kioskTaken()
}

func (x *history) ids() (all []string) {
	for _, s := range x.sent {
		all = append(all, s.id)
	}
	return all
}

func keys(stored map[string]row) []string {
	all := []string{}
	for id := range stored {
		all = append(all, id)
	}
	return all
}

func (x *history) stored(t *testing.T) map[string]row {
	rows, err := x.h.conn.Query(t.Context(), "SELECT event_id, event, user_id, anonymous_id, properties FROM events FINAL WHERE tenant_id = {tenant:UUID}", clickhouse.Named("tenant", x.tenant.String()))
	require.NoError(t, err)
	defer func() { require.NoError(t, rows.Close()) }()
	found := map[string]row{}
	for rows.Next() {
		var id string
		var r row
		require.NoError(t, rows.Scan(&id, &r.name, &r.user, &r.anonymous, &r.properties))
		require.NotContains(t, found, id, "an event is stored twice")
		found[id] = r
	}
	require.NoError(t, rows.Err())
	return found
}

// letters are the IDs of what is in quarantine.
func (x *history) letters(t *testing.T) map[string]bool {
	all, err := x.h.books.Quarantine(t.Context(), x.tenant, uuid.Nil, ingest.QuarantineCursor{}, 10_000)
	require.NoError(t, err)
	found := map[string]bool{}
	for _, l := range all {
		found[l.EventID] = true
	}
	return found
}

// checkReceipts asks for the receipt of everything that was acknowledged.
func (x *history) checkReceipts(t *testing.T) {
	events := 0
	for _, told := range x.told {
		r, err := x.h.books.Receipt(t.Context(), x.tenant, told.text)
		require.NoError(t, err)
		require.True(t, r.Settled)
		require.Len(t, r.Outcomes, len(told.events))
		events += len(told.events)
		for i, o := range r.Outcomes {
			if s := told.events[i]; s.human != nil && s.human.phase == early && !x.maybeTheirs(s) {
				require.Contains(t, []string{s.id, ""}, o.EventID, "receipts with a name in them are emptied")
				require.Contains(t, []ingest.Status{ingest.Stored, ingest.Duplicate, ingest.Quarantined}, o.Status, "%+v", o)
			}
		}
	}
	hours, err := x.h.books.Ledger(t.Context(), x.tenant, time.Now().Add(-24*time.Hour), time.Now().Add(time.Hour))
	require.NoError(t, err)
	var sum ingest.Counts
	for _, hour := range hours {
		require.True(t, hour.Balanced(), "%+v", hour)
		sum = sum.Plus(hour.Counts)
	}
	require.GreaterOrEqual(t, sum.Received, int64(events), "what was acknowledged is in the ledger")
}

// checkDerived looks at what is made of events.
func (x *history) checkDerived(t *testing.T, stored int) {
	behind, err := x.behind(t.Context())
	require.NoError(t, err)
	require.Empty(t, behind, "tenant %s", x.tenant)
	require.NoError(t, x.h.rollups.LookBack(t.Context(), x.tenant, time.Now().Add(-100*time.Hour), time.Now()))
	var archived int64
	require.NoError(t, archive.Check(t.Context(), x.h.files, x.tenant, nil, func(c archive.Checked) {
		require.Empty(t, c.Faults)
		require.Empty(t, c.Stray)
		archived += c.Rows
	}))
	require.EqualValues(t, stored, archived)
}

// words are texts that nobody finds any more: of people who were erased for good, and of what was sent before an erasure.
func (x *history) words() (gone, there []string) {
	for _, p := range x.people {
		switch {
		case p.phase == early:
			there = append(there, p.word)
		case p.returns:
			gone = append(gone, p.word+string(early))
		default:
			gone = append(gone, p.word)
		}
	}
	return gone, there
}

// check looks for the erased in everything that the installation has written, and at its books.
func (h *house) check(t *testing.T, all []*history) {
	unbalanced, err := h.books.Check(t.Context(), time.Now().Add(-24*time.Hour))
	require.NoError(t, err)
	require.Empty(t, unbalanced)
	var gone, there []string
	for _, x := range all {
		g, s := x.words()
		gone, there = append(gone, g...), append(there, s...)
	}
	require.NotEmpty(t, gone)
	require.NotEmpty(t, there)
	h.vacuum(t)
	engines := h.engines(t)
	for folder, finds := range map[string]bool{engines: true, h.folder: true} {
		hits, err := search.Below(folder, gone...)
		require.NoError(t, err)
		hits = slices.DeleteFunc(hits, func(h search.Hit) bool { return strings.HasPrefix(h.File, "postgres/data/pg_wal/") })
		if len(hits) > 0 {
			for _, x := range all {
				for _, a := range x.asked {
					t.Log(x.story(t, a))
				}
			}
		}
		require.Empty(t, hits)
		hits, err = search.Below(folder, there[0])
		require.NoError(t, err)
		require.Equal(t, finds, len(hits) > 0, "the search finds whom it has to find")
	}
	h.up.RLock()
	files := h.node.disk.files
	h.up.RUnlock()
	h.logged.mu.Lock()
	texts := map[string]string{"the log of the server": h.logged.text.String()}
	h.logged.mu.Unlock()
	require.NoError(t, contents(files, "", func(path string, content []byte) { texts[path] = string(content) }))
	for path, text := range texts {
		for _, word := range gone {
			require.NotContains(t, text, word, "in %s", path)
		}
	}
	for _, sql := range []string{
		"SELECT count() FROM system.mutations WHERE multiSearchAny(command, {texts:Array(String)})",
		"SELECT count() FROM system.errors WHERE multiSearchAny(last_error_message, {texts:Array(String)})",
	} {
		for some := range slices.Chunk(gone, 200) {
			var n uint64
			require.NoError(t, h.conn.QueryRow(t.Context(), sql, clickhouse.Named("texts", some)).Scan(&n))
			require.Zero(t, n, sql)
		}
	}
}

// vacuum has PostgreSQL remove rows that were written over, as it does in time. See docs/privacy.md.
func (h *house) vacuum(t *testing.T) {
	conn, err := pgx.Connect(t.Context(), h.postgres)
	require.NoError(t, err)
	for _, sql := range []string{"VACUUM FULL"} {
		_, err := conn.Exec(t.Context(), sql)
		require.NoError(t, err)
	}
	require.NoError(t, conn.Close(t.Context()))
}

// engines is the folder in which ClickHouse and PostgreSQL keep everything.
func (h *house) engines(t *testing.T) string {
	var dir string
	require.NoError(t, h.conn.QueryRow(t.Context(), "SELECT path FROM system.disks WHERE name = 'default'").Scan(&dir))
	at := strings.Index(dir, "/clickhouse")
	require.Positive(t, at, dir)
	return filepath.Clean(dir[:at])
}
