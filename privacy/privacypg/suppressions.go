package privacypg

import (
	"bytes"
	"context"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/observatory/observatory/internal/follow"
	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/privacy/privacypg/db"
	"github.com/observatory/observatory/privacy/suppress"
	"github.com/observatory/observatory/tenants"
)

// suppressions reads and sets standings.
type suppressions struct{ *Store }

var (
	_ privacy.Suppressions    = suppressions{}
	_ privacy.SuppressionList = suppressions{}
)

// Suppressions gives the ports by which standings are read and set.
func (s *Store) Suppressions() interface {
	privacy.Suppressions
	privacy.SuppressionList
} {
	return suppressions{s}
}

// Put implements privacy.Suppressions.
func (s suppressions) Put(ctx context.Context, tenant tenants.ID, request uuid.UUID, entries []privacy.Entry) (mark follow.Mark, err error) {
	err = s.within(ctx, tenant, func(t tx) error {
		mark, err = t.suppress(ctx, s.keys, request, entries)
		return err
	})
	return mark, err
}

// suppress is Put inside a transaction. Of an identifier that is named twice the last counts.
func (t tx) suppress(ctx context.Context, keys suppress.Keys, request uuid.UUID, entries []privacy.Entry) (follow.Mark, error) {
	put := db.PutSuppressionsParams{RequestID: request}
	var freed [][]byte
	at := map[suppress.Hash]int{} // one statement cannot change a row twice
	for i := range entries {
		e := &entries[i]
		hash := keys.Of(t.tenant, e.Identifier)
		n, again := at[hash]
		if !again {
			n = len(put.Hashes)
			at[hash] = n
			put.Kinds, put.Paths, put.Hashes = append(put.Kinds, string(e.Kind)), append(put.Paths, e.Path), append(put.Hashes, hash[:])
			put.States, put.Persons = append(put.States, ""), append(put.Persons, uuid.Nil)
			put.ErasedBefore = append(put.ErasedBefore, time.Unix(0, 0).UTC())
		}
		put.States[n], put.Persons[n] = string(e.Standing), uuid.NewSHA1(request, []byte(strconv.Itoa(e.Person)))
		if e.Erased != nil && e.Erased.After(put.ErasedBefore[n]) {
			put.ErasedBefore[n] = *e.Erased
		}
		if e.Standing == privacy.Free {
			freed = append(freed, hash[:])
		}
	}
	if len(freed) > 0 {
		if err := t.q.FreePersons(ctx, db.FreePersonsParams{RequestID: request, Hashes: freed}); err != nil {
			return 0, err
		}
	}
	if err := t.q.PutSuppressions(ctx, put); err != nil {
		return 0, err
	}
	xid, err := t.q.CurrentXact(ctx)
	return follow.Mark(xid + 1), err // who has seen the end of all transactions before that one has seen this one
}

// StateOf implements privacy.SuppressionList.
func (s suppressions) StateOf(ctx context.Context, tenant tenants.ID, all []privacy.Identifier) ([]privacy.SuppressionState, error) {
	keys, wanted := make([]suppress.Hash, len(all)), make([][]byte, len(all))
	for i := range all {
		keys[i] = s.keys.Of(tenant, all[i])
		wanted[i] = keys[i][:]
	}
	known := map[suppress.Hash]privacy.SuppressionState{}
	err := s.within(ctx, tenant, func(t tx) error {
		rows, err := t.q.FindSuppressions(ctx, wanted)
		for _, r := range rows {
			known[suppress.Hash(r.Hash)] = privacy.SuppressionState{Standing: privacy.Standing(r.State), Erased: pg.UTC(r.ErasedBefore), Request: r.RequestID}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	out := make([]privacy.SuppressionState, len(all))
	for i := range all {
		var ok bool
		if out[i], ok = known[keys[i]]; !ok {
			out[i].Standing = privacy.Free
		}
	}
	return out, nil
}

// List implements privacy.SuppressionList.
func (s suppressions) List(ctx context.Context, tenant tenants.ID, filter privacy.SuppressionFilter, before privacy.SuppressionPlace, limit int) (all []privacy.SuppressionEntry, err error) {
	at, hash := before.ChangedAt, before.Hash[:]
	if at.IsZero() {
		at, hash = time.UnixMilli(1<<42), bytes.Repeat([]byte{0xff}, 16) // the year 2109
	}
	err = s.within(ctx, tenant, func(t tx) error {
		rows, err := t.q.ListSuppressions(ctx, db.ListSuppressionsParams{
			State: string(filter.Standing), BeforeAt: at, BeforeHash: hash, MaxRows: int32(limit), //nolint:gosec // a few hundred
		})
		all, err = pg.Each(rows, err, func(r db.ListSuppressionsRow) privacy.SuppressionEntry {
			return privacy.SuppressionEntry{
				SuppressionState: privacy.SuppressionState{Standing: privacy.Standing(r.State), Erased: pg.UTC(r.ErasedBefore), Request: r.RequestID},
				Kind:             privacy.Kind(r.Kind), Path: r.Path, Hash: [16]byte(r.Hash), CreatedAt: r.CreatedAt.UTC(), ChangedAt: r.ChangedAt.UTC(),
			}
		})
		return err
	})
	return all, err
}

var _ suppress.Feed = (*Store)(nil)

// SuppressionChanges implements suppress.Feed. A mark is the lowest transaction number that was still running when it was taken: rows from
// that number on are all that the earlier call can have missed.
func (s *Store) SuppressionChanges(ctx context.Context, since follow.Mark) (suppress.Changes, error) {
	var changes suppress.Changes
	err := s.pool.AcrossTenants(ctx, func(t pgx.Tx) error {
		q := db.New(t)
		xmin, err := q.SnapshotXmin(ctx) // before the rows: a transaction that ends in between is then seen twice, not never
		if err != nil {
			return err
		}
		changes.Mark = follow.Mark(xmin)
		since, changes.Complete = since.Resume(changes.Mark)
		rows, err := q.ListSuppressionsChangedSince(ctx, int64(since))
		changes.Entries, err = pg.Each(rows, err, func(r db.ListSuppressionsChangedSinceRow) suppress.Entry {
			e := suppress.Entry{Tenant: tenants.ID(r.TenantID), Kind: privacy.Kind(r.Kind), Path: r.Path, Hash: suppress.Hash(r.Hash), Standing: privacy.Standing(r.State)}
			if r.ErasedBefore != nil {
				e.ErasedBefore = r.ErasedBefore.UTC()
			}
			return e
		})
		return err
	})
	if err != nil {
		s.pool.Reset() // the network may have forgotten all connections, and each would cost another refresh
	}
	return changes, err
}

// ListenSuppressions implements suppress.Feed.
func (s *Store) ListenSuppressions(ctx context.Context, changed func()) {
	s.pool.Listen(ctx, s.log, []string{"observatory_suppressions"}, func(pg.Notification) { changed() })
}
