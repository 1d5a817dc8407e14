package ingestpg

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/observatory/observatory/ingest/ingestpg/db"
	"github.com/observatory/observatory/ingest/repair"
	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/tenants"
)

var (
	_ repair.Jobs  = (*Store)(nil)
	_ repair.Queue = (*Store)(nil)
)

// AddReplay implements repair.Jobs.
func (s *Store) AddReplay(ctx context.Context, r repair.Replay, entry tenants.AuditEntry) error {
	spec, err := json.Marshal(r.Spec)
	if err != nil {
		return fmt.Errorf("encode replay: %w", err)
	}
	progress, err := json.Marshal(r.Progress)
	if err != nil {
		return fmt.Errorf("encode replay: %w", err)
	}
	var cause *uuid.UUID
	if r.Kind == repair.Repair {
		cause = &r.Cause
	}
	return s.within(ctx, r.Tenant, func(t tx) error {
		err := t.q.AddReplay(ctx, db.AddReplayParams{
			ID: uuid.UUID(r.ID), Kind: string(r.Kind), Cause: cause, Spec: spec, State: string(r.State), Progress: progress, CreatedAt: r.CreatedAt, CreatedBy: r.CreatedBy,
		})
		if err != nil {
			return pg.OrTaken(err, repair.ErrReplayOpen)
		}
		return t.Audit(ctx, entry)
	})
}

// Replay implements repair.Jobs.
func (s *Store) Replay(ctx context.Context, tenant tenants.ID, id repair.ID) (found repair.Replay, err error) {
	err = s.within(ctx, tenant, func(t tx) error {
		row, err := t.q.GetReplay(ctx, uuid.UUID(id))
		if err != nil {
			return pg.OrNotFound(err, repair.ErrNoSuchReplay)
		}
		found, err = toReplay(row)
		return err
	})
	return found, err
}

// Replays implements repair.Jobs.
func (s *Store) Replays(ctx context.Context, tenant tenants.ID, before *repair.ID, limit int) (all []repair.Replay, err error) {
	from := uuid.Max
	if before != nil {
		from = uuid.UUID(*before)
	}
	err = s.within(ctx, tenant, func(t tx) error {
		rows, err := t.q.ListReplays(ctx, db.ListReplaysParams{Before: from, MaxRows: int32(limit)}) //nolint:gosec // a page
		if err != nil {
			return err
		}
		all = make([]repair.Replay, len(rows))
		for i := range rows {
			if all[i], err = toReplay(rows[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return all, err
}

// SetReplayState implements repair.Jobs.
func (s *Store) SetReplayState(ctx context.Context, tenant tenants.ID, id repair.ID, change func(repair.Replay) (repair.State, error), entry tenants.AuditEntry) (found repair.Replay, err error) {
	err = s.within(ctx, tenant, func(t tx) error {
		row, err := t.q.GetReplayForUpdate(ctx, uuid.UUID(id))
		if err != nil {
			return pg.OrNotFound(err, repair.ErrNoSuchReplay)
		}
		if found, err = toReplay(row); err != nil {
			return err
		}
		next, err := change(found)
		if err != nil || next == found.State {
			return err
		}
		found.State = next
		if next == repair.Cancelled {
			found.EndedAt = &entry.At
		}
		if err := t.q.SetReplayState(ctx, db.SetReplayStateParams{ID: uuid.UUID(id), State: string(next), EndedAt: found.EndedAt}); err != nil {
			return err
		}
		return t.Audit(ctx, entry)
	})
	return found, err
}

// ClaimReplay implements repair.Queue.
func (s *Store) ClaimReplay(ctx context.Context, log uuid.UUID, busy []repair.ID, now time.Time) (found *repair.Replay, err error) {
	ids := make([]uuid.UUID, len(busy))
	for i := range busy {
		ids[i] = uuid.UUID(busy[i])
	}
	err = s.pool.AcrossTenants(ctx, func(t pgx.Tx) error {
		row, err := db.New(t).ClaimReplay(ctx, db.ClaimReplayParams{LogID: log, Now: now, Busy: ids})
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		r, err := toReplay(row)
		found = &r
		return err
	})
	return found, err
}

// NoteReplay implements repair.Queue.
func (s *Store) NoteReplay(ctx context.Context, log uuid.UUID, id repair.ID, p repair.Progress, now time.Time) (state repair.State, err error) {
	progress, err := json.Marshal(p)
	if err != nil {
		return "", fmt.Errorf("encode progress: %w", err)
	}
	err = s.pool.AcrossTenants(ctx, func(t pgx.Tx) error {
		text, err := db.New(t).NoteReplay(ctx, db.NoteReplayParams{ID: uuid.UUID(id), LogID: log, Progress: progress, Now: now})
		state = repair.State(text)
		return pg.OrNotFound(err, repair.ErrNoSuchReplay)
	})
	return state, err
}

// EndReplay implements repair.Queue.
func (s *Store) EndReplay(ctx context.Context, log uuid.UUID, id repair.ID, state repair.State, p repair.Progress, why string, now time.Time) error {
	progress, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("encode progress: %w", err)
	}
	in := db.EndReplayParams{ID: uuid.UUID(id), LogID: log, Progress: progress, State: string(state), Now: now}
	if state != repair.Paused {
		in.EndedAt = &now
	}
	if why != "" {
		in.Error = &why
	}
	return s.pool.AcrossTenants(ctx, func(t pgx.Tx) error { return db.New(t).EndReplay(ctx, in) })
}

func toReplay(row db.Replay) (repair.Replay, error) {
	r := repair.Replay{
		ID: repair.ID(row.ID), Tenant: tenants.ID(row.TenantID), State: repair.State(row.State), Log: row.LogID,
		CreatedAt: row.CreatedAt.UTC(), CreatedBy: row.CreatedBy, StartedAt: pg.UTC(row.StartedAt), EndedAt: pg.UTC(row.EndedAt), SeenAt: pg.UTC(row.SeenAt),
	}
	if row.Error != nil {
		r.Error = *row.Error
	}
	if err := json.Unmarshal(row.Spec, &r.Spec); err != nil {
		return r, fmt.Errorf("read replay: %w", err)
	}
	if err := json.Unmarshal(row.Progress, &r.Progress); err != nil {
		return r, fmt.Errorf("read replay: %w", err)
	}
	return r, nil
}
