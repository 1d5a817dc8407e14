package ingest

import (
	"context"

	"github.com/observatory/observatory/tenants"
)

// Sample is a stored event.
type Sample struct {
	Event
	Source tenants.SourceID
}

// Samples reads stored events, for whoever wants to know what events look like.
type Samples interface {
	// RecentEvents are the events of a name, or (empty) of any, that were received last; newest first, last at most,
	// and fewer where they are large.
	RecentEvents(ctx context.Context, tenant tenants.ID, event string, last int) ([]Sample, error)
}

// MaxSamples bounds how many events are looked at in one request.
const MaxSamples = 10_000
