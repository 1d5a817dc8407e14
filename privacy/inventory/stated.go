package inventory

import (
	"context"

	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/tenants"
)

// stated is a place where nothing of subjects is, or nothing that could be taken out of it, and why. It stands in certificates, because whoever
// reads one asks about it.
type stated struct{ name, says string }

// Stated are the places that people ask about and in which nothing is erased, with the reason.
func Stated() []privacy.Copy {
	return []privacy.Copy{
		// tests/canary searches what a server writes and exposes
		stated{"server-logs", "Logs, traces and metrics of the servers hold no data of subjects. A test searches them for it."},
		// ingest/enrich: see decision 24
		stated{"caches", "Nodes hold nothing of a subject in memory but a hash with the times of the latest sessions, for a day after the last event at most."},
		stated{"billing", "What was used is counted. Counts hold no data of subjects."},
		stated{"backups", "Observatory makes no backups of its own. Whoever makes some of its databases says how long they are kept; erasures are applied again to what is restored from the archive before it can be read."},
	}
}

func (s stated) Name() string { return s.name }

// Find implements privacy.Copy.
func (stated) Find(context.Context, tenants.ID, privacy.Operation) (privacy.Holding, error) {
	return privacy.Holding{Unit: "records"}, nil
}

// Erase implements privacy.Copy.
func (s stated) Erase(context.Context, tenants.ID, privacy.Operation) (privacy.Evidence, error) {
	return privacy.Evidence{"stated": s.says}, nil
}

// Verify implements privacy.Copy.
func (s stated) Verify(context.Context, tenants.ID, privacy.Operation) (privacy.Verification, error) {
	return privacy.Verification{Evidence: privacy.Evidence{"stated": s.says}}, nil
}
