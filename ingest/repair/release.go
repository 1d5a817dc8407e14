package repair

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/tenants"
)

// HeldStore knows which tenants have held events that only wait to be released.
type HeldStore interface {
	// HeldFor finds the tenants with events that are held for a reason, a code of ingest, and since when the newest of them is held.
	HeldFor(ctx context.Context, reason string) (map[tenants.ID]time.Time, error)
}

// Releases have held events stored. Nobody but the house itself asks for that.
type Releases struct {
	jobs Jobs
	held HeldStore
	now  func() time.Time
}

// NewReleases makes it.
func NewReleases(jobs Jobs, held HeldStore, now func() time.Time) *Releases {
	return &Releases{jobs: jobs, held: held, now: now}
}

// Begin asks for those held events of a tenant to be stored that may be, of people whose data may be used again, and such as nobody could say
// anything about for a while; or, with quota, as many as there is room for of those that are held for their number. Asking again with the same ID, a UUIDv7, tells how it goes on. All that was held before it began has had its turn
// when it is done.
//
// Errors: ErrReplayOpen while another release of the tenant is not over.
func (r *Releases) Begin(ctx context.Context, tenant tenants.ID, id uuid.UUID, quota bool) (Replay, error) {
	known, err := r.jobs.Replay(ctx, tenant, ID(id))
	if !errors.Is(err, ErrNoSuchReplay) {
		return known, err
	}
	actor := tenants.Actor{Kind: tenants.ActorSystem, Label: "release of held events"}
	replay := Replay{ID: ID(id), Tenant: tenant, Spec: Spec{Kind: Release, Quota: quota}, State: Waiting, CreatedAt: r.now().UTC().Truncate(time.Microsecond), CreatedBy: actor.Label}
	return replay, r.jobs.AddReplay(ctx, replay, tenants.AuditEntry{
		At: r.now(), Actor: actor, Action: "replay.created", Target: "replay:" + replay.ID.String(), Details: tenants.Details{"kind": string(Release)},
	})
}

// BeginUnknown begins the release of what was held because nobody could say whether it may be stored, for each tenant that has such. What had its turn
// in an earlier release and is held still, because its person was restricted meanwhile, waits until they are not.
func (r *Releases) BeginUnknown(ctx context.Context) error {
	all, err := r.held.HeldFor(ctx, ingest.CodeSuppressionUnknown)
	if err != nil {
		return err
	}
	for tenant, newest := range all {
		had, err := r.hadTurn(ctx, tenant, newest)
		if err != nil {
			return err
		}
		if had {
			continue
		}
		id, err := uuid.NewV7()
		if err != nil {
			return err
		}
		if _, err := r.Begin(ctx, tenant, id, false); err != nil && !errors.Is(err, ErrReplayOpen) {
			return err
		}
	}
	return nil
}

// hadTurn tells whether a release that is done began after an event was held.
func (r *Releases) hadTurn(ctx context.Context, tenant tenants.ID, heldAt time.Time) (bool, error) {
	const newest = 50
	all, err := r.jobs.Replays(ctx, tenant, nil, newest)
	return slices.ContainsFunc(all, func(r Replay) bool {
		return r.Kind == Release && !r.Quota && r.State == Done && r.StartedAt != nil && r.StartedAt.After(heldAt)
	}), err
}

// held are the held events that the job has not read yet.
func (j *job) held(limit int) HeldInput {
	return HeldInput{After: j.cursor, Until: j.until, Limit: limit, Quota: j.Quota}
}

// release reads held events and appends those that need not be held any more. Nil: none is left.
func (j *job) release(ctx context.Context) (*chunk, error) {
	err := j.lap(ctx, func(ctx context.Context) (map[string]time.Time, error) {
		return j.r.deps.Archive.StoredHeld(ctx, j.Tenant, j.held(lapEvents))
	})
	if err != nil {
		return nil, err
	}
	held, err := j.r.deps.Archive.Held(ctx, j.Tenant, j.held(j.r.deps.ChunkEvents))
	if err != nil || len(held) == 0 {
		return nil, err
	}
	j.lapLeft -= len(held)
	view := j.r.deps.Suppression.Enter()
	defer view.Leave() // when it is in the log
	judge := view.Of(j.Tenant)
	last := &held[len(held)-1]
	c := &chunk{cursor: Cursor{ReceivedAt: last.ReceivedAt, Receipt: last.Receipt, Index: last.Index}}
	events := make([]ingest.Replayed, 0, len(held))
	for i := range held {
		e := &held[i]
		out := ingest.Replayed{
			Source: e.Source, Key: e.Key, Receipt: e.Receipt, Index: e.Index, CorrelationID: e.CorrelationID,
			Event: e.Event, StoredAt: j.stored[string(e.ID)], HeldAt: e.At,
		}
		if !passes(judge, &out.Event, e.Receipt) {
			if ingest.ErasureOf(judge, &e.Event, e.ReceivedAt) != ingest.Bar { // held on: an erasure may yet have to see whom it joins
				c.counts.Skipped++
				continue
			}
			out.Verdict = ingest.Bar
		}
		events = append(events, out)
	}
	c.sent = int64(len(events))
	kind := ingest.ReleaseReplay
	if j.Quota {
		kind = ingest.QuotaRelease
	}
	c.end, err = j.append(ctx, kind, events)
	return c, err
}
