package privacypg

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"

	"github.com/observatory/observatory/internal/follow"
	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/privacy/privacypg/db"
	"github.com/observatory/observatory/tenants"
)

// set writes down a request and its steps.
func (t tx) set(ctx context.Context, r privacy.Request) error {
	in := db.SetRequestParams{
		ID: uuid.UUID(r.ID), State: string(r.State), Subjects: int32(r.Number), //nolint:gosec // at most MaxSubjects
		DeadlineAt: r.Deadline, Extended: r.Extended, Resolved: r.Resolved, Mark: int64(r.Mark),
		Closing: int64(r.Closing), Waiting: r.Waiting, ChangedAt: r.Changed, EndedAt: r.Ended, Error: r.Error, Asleep: r.Asleep, ToldAt: r.Told,
	}
	if r.Approval != nil {
		in.ApprovedAt, in.ApprovedBy = &r.Approval.At, &r.Approval.By
	}
	if r.Position != nil {
		text, err := json.Marshal(r.Position)
		if err != nil {
			return fmt.Errorf("encode a position: %w", err)
		}
		in.Position = text
	}
	if err := t.q.SetRequest(ctx, in); err != nil {
		return err
	}
	for i, s := range r.Steps {
		if s.Evidence == nil {
			s.Evidence = privacy.Evidence{}
		}
		evidence, err := json.Marshal(s.Evidence)
		if err != nil {
			return fmt.Errorf("encode evidence: %w", err)
		}
		err = t.q.PutStep(ctx, db.PutStepParams{
			RequestID: in.ID, Number: int32(i), Copy: s.Copy, State: string(s.State), Before: s.Before.Items, Unit: s.Before.Unit, //nolint:gosec // a few
			After: s.After, Pending: s.Pending, Evidence: evidence, BeganAt: s.Began, ErasedAt: s.Erased, EndedAt: s.Ended, FailingAt: s.Failing, Error: s.Error,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func toRequest(row db.PrivacyRequest) (privacy.Request, error) {
	r := privacy.Request{
		ID: privacy.ID(row.ID), Tenant: tenants.ID(row.TenantID), Type: privacy.Type(row.Type), State: privacy.State(row.State), Note: row.Note,
		Stay: row.Stay, Number: int(row.Subjects), Origin: privacy.Origin(row.Origin), FiledAt: row.FiledAt.UTC(),
		FiledBy:  tenants.Actor{Kind: tenants.ActorKind(row.FiledByKind), ID: row.FiledByID, Label: row.FiledBy},
		Deadline: row.DeadlineAt.UTC(), Extended: row.Extended, Resolved: row.Resolved, Mark: follow.Mark(row.Mark), Closing: follow.Mark(row.Closing), Waiting: row.Waiting,
		Changed: row.ChangedAt.UTC(), Ended: pg.UTC(row.EndedAt), Error: row.Error, Asleep: row.Asleep, Told: pg.UTC(row.ToldAt),
	}
	if row.ApprovedAt != nil {
		r.Approval = &privacy.Approval{At: row.ApprovedAt.UTC(), By: *row.ApprovedBy}
	}
	if row.Position != nil {
		r.Position = &privacy.Position{}
		if err := json.Unmarshal(row.Position, r.Position); err != nil {
			return r, fmt.Errorf("read a position: %w", err)
		}
	}
	return r, nil
}

func toStep(row db.ListStepsRow) (privacy.Step, error) {
	s := privacy.Step{
		Copy: row.Copy, State: privacy.StepState(row.State), Before: privacy.Holding{Items: row.Before, Unit: row.Unit}, After: row.After,
		Pending: row.Pending, Began: pg.UTC(row.BeganAt), Erased: pg.UTC(row.ErasedAt), Ended: pg.UTC(row.EndedAt), Failing: pg.UTC(row.FailingAt), Error: row.Error,
	}
	if err := json.Unmarshal(row.Evidence, &s.Evidence); err != nil {
		return s, fmt.Errorf("read evidence: %w", err)
	}
	return s, nil
}
