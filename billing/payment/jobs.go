package payment

import (
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/internal/jobs"
	"github.com/observatory/observatory/tenants"
)

// Params name whom a job is about. The job is the system's own: a tenant that has left still pays.
type Params struct {
	Tenant uuid.UUID `json:"tenant"`
}

// FindJob looks whose turn it is.
func FindJob() jobs.Kind[struct{}] {
	return jobs.Kind[struct{}]{Name: "payment:find", Queue: jobs.Default, Attempts: 1}
}

// LookJob looks at a tenant: at what it owes and has paid, here and at the provider.
func LookJob() jobs.Kind[Params] {
	return jobs.Kind[Params]{Name: "payment:look", Queue: jobs.Default, Timeout: 5 * time.Minute}
}

func lookJob(tenant tenants.ID) jobs.Job {
	return LookJob().New(uuid.Nil, Params{Tenant: uuid.UUID(tenant)}, jobs.Unique(tenant.String()))
}
