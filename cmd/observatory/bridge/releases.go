package bridge

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"github.com/observatory/observatory/ingest/repair"
	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/tenants"
)

// Releases gives back what was held of people who are free again.
func Releases(held *repair.Releases) privacy.Releases { return releases{held} }

type releases struct{ *repair.Releases }

var errReleaseFailed = fault.New(fault.Unavailable, "release_failed", "What was held could not be given back. See the replays.")

// Release implements privacy.Releases. The replay that does it has the request's ID.
func (r releases) Release(ctx context.Context, tenant tenants.ID, request uuid.UUID) (privacy.Evidence, bool, error) {
	replay, err := r.Begin(ctx, tenant, request, false)
	switch {
	case errors.Is(err, repair.ErrReplayOpen):
		return nil, false, nil
	case err != nil:
		return nil, false, err
	case replay.State == repair.Failed || replay.State == repair.Cancelled:
		return nil, false, errReleaseFailed
	case replay.State != repair.Done:
		return nil, false, nil
	}
	return privacy.Evidence{"replay": replay.ID.String(), "stored": replay.Progress.Counts.Stored}, true, nil
}
