package repair

import (
	"context"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/tenants"
)

// The faults of replays.
var (
	ErrNoSuchReplay = fault.New(fault.NotFound, "replay_not_found", "There is no such replay.")
	ErrReplayOpen   = fault.New(fault.Conflict, "replay_open", "Another replay of the same kind and cause is not over yet. Wait for it, or cancel it.")
	ErrReplayState  = fault.New(fault.Conflict, "replay_state", "The replay's state does not allow this: what is over stays so, and only what is paused can be resumed.")
)

// Jobs keep replays. They are rows: what a runner does with them, see Queue.
type Jobs interface {
	// AddReplay stores a new replay and its audit entry. Errors: ErrReplayOpen.
	AddReplay(ctx context.Context, r Replay, entry tenants.AuditEntry) error
	// Replay finds one. Errors: ErrNoSuchReplay.
	Replay(ctx context.Context, tenant tenants.ID, id ID) (Replay, error)
	// Replays lists them, newest first, from behind before on; nil for the newest.
	Replays(ctx context.Context, tenant tenants.ID, before *ID, limit int) ([]Replay, error)
	// SetReplayState changes the state where it is one of those in from, and adds the audit entry. Errors: ErrNoSuchReplay, ErrReplayState.
	SetReplayState(ctx context.Context, tenant tenants.ID, id ID, change func(Replay) (State, error), entry tenants.AuditEntry) (Replay, error)
}

// Service is what people do with replays.
type Service struct {
	jobs  Jobs
	mend  *Mender
	store Archive
	now   func() time.Time
}

// NewService makes the service.
func NewService(jobs Jobs, store Archive, prepare ingest.Preparer, now func() time.Time) *Service {
	return &Service{jobs: jobs, store: store, mend: newTrial(prepare), now: now}
}

// Create asks for a replay. It begins as soon as a runner has room for it.
//
// Errors: replay_invalid, mapping_invalid, ErrReplayOpen, ErrPermissionDenied.
func (s *Service) Create(ctx context.Context, by tenants.By, spec Spec) (Replay, error) {
	if err := by.Principal.Require(tenants.ManageData); err != nil {
		return Replay{}, err
	}
	if _, err := spec.Validate(); err != nil {
		return Replay{}, err
	}
	if spec.Kind == Release {
		return Replay{}, fault.New(fault.Invalid, "replay_invalid", "Held events are released by themselves, once they may be used.")
	}
	id, err := uuid.NewV7()
	if err != nil {
		return Replay{}, err
	}
	r := Replay{
		ID: ID(id), Tenant: by.Principal.Tenant, Spec: spec, State: Waiting,
		CreatedAt: s.now().UTC().Truncate(time.Microsecond), CreatedBy: by.Principal.Actor.Label,
	}
	details := tenants.Details{"kind": string(spec.Kind)}
	switch spec.Kind {
	case Repair:
		details["cause"], details["steps"] = spec.Cause.String(), strconv.Itoa(len(spec.Mapping))
	case History:
		details["from"], details["to"] = spec.From.UTC().Format(time.RFC3339), spec.To.UTC().Format(time.RFC3339)
	case Release: // not here
	}
	return r, s.jobs.AddReplay(ctx, r, s.entry(by, r.ID, "replay.created", details))
}

// Get finds a replay. Errors: ErrNoSuchReplay.
func (s *Service) Get(ctx context.Context, tenant tenants.ID, id ID) (Replay, error) {
	return s.jobs.Replay(ctx, tenant, id)
}

// List lists replays, newest first; before is the last of the page before, nil for the first page.
func (s *Service) List(ctx context.Context, tenant tenants.ID, before *ID, limit int) ([]Replay, error) {
	return s.jobs.Replays(ctx, tenant, before, limit)
}

// Pause lets a replay rest. One that runs finishes what is under way first. Errors: ErrNoSuchReplay, ErrReplayState, ErrPermissionDenied.
func (s *Service) Pause(ctx context.Context, by tenants.By, id ID) (Replay, error) {
	return s.change(ctx, by, id, "replay.paused", map[State]State{Waiting: Paused, Running: Pausing, Pausing: Pausing, Paused: Paused})
}

// Resume goes on with a replay that was paused. Errors: as Pause.
func (s *Service) Resume(ctx context.Context, by tenants.By, id ID) (Replay, error) {
	return s.change(ctx, by, id, "replay.resumed", map[State]State{Paused: Waiting, Pausing: Running, Waiting: Waiting, Running: Running})
}

// Cancel ends a replay. What was replayed stays so. Errors: as Pause.
func (s *Service) Cancel(ctx context.Context, by tenants.By, id ID) (Replay, error) {
	return s.change(ctx, by, id, "replay.cancelled", map[State]State{
		Waiting: Cancelled, Paused: Cancelled, Running: Cancelling, Pausing: Cancelling, Cancelling: Cancelling, Cancelled: Cancelled,
	})
}

func (s *Service) change(ctx context.Context, by tenants.By, id ID, action string, to map[State]State) (Replay, error) {
	if err := by.Principal.Require(tenants.ManageData); err != nil {
		return Replay{}, err
	}
	return s.jobs.SetReplayState(ctx, by.Principal.Tenant, id, func(r Replay) (State, error) {
		next, allowed := to[r.State]
		if !allowed {
			return "", ErrReplayState
		}
		return next, nil
	}, s.entry(by, id, action, nil))
}

func (s *Service) entry(by tenants.By, id ID, action string, details tenants.Details) tenants.AuditEntry {
	return tenants.AuditEntry{
		At: s.now(), Actor: by.Principal.Actor, Action: action, Target: "replay:" + id.String(), Details: details, CorrelationID: by.CorrelationID,
	}
}
