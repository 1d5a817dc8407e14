package privacy

import (
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/internal/jobs"
	"github.com/observatory/observatory/tenants"
)

// Advance says which request is gone on with.
type Advance struct {
	Request uuid.UUID `json:"request"`
}

// AdvanceKind are the jobs that carry out requests: one per request, which yields while it waits and never fails for what it works with.
func AdvanceKind() jobs.Kind[Advance] {
	return jobs.Kind[Advance]{Name: "privacy:advance", Queue: jobs.Default, Timeout: 10 * time.Minute}
}

// AdvanceJob makes the job of a request. There is one at a time.
func AdvanceJob(tenant tenants.ID, id ID) jobs.Job {
	return AdvanceKind().New(uuid.UUID(tenant), Advance{Request: uuid.UUID(id)}, jobs.Unique(id.String()))
}
