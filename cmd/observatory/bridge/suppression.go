package bridge

import (
	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/privacy/suppress"
	"github.com/observatory/observatory/tenants"
)

// Suppression tells collector, sink and replays of a node whose events must not be stored.
func Suppression(set *suppress.Set) ingest.Suppression { return suppression{set} }

type suppression struct{ set *suppress.Set }

// Enter implements ingest.Suppression.
func (s suppression) Enter() ingest.SuppressionView { return view{s.set.Enter()} }

// Known implements ingest.Suppression.
func (s suppression) Known() bool { return s.set.Known() }

type view struct{ *suppress.View }

// Of implements ingest.SuppressionView.
func (v view) Of(tenant tenants.ID) ingest.Judge {
	if t := v.View.Of(tenant); t != nil {
		return judge{t}
	}
	return nil
}

// judge says in the words of ingest what holds for a tenant's people.
type judge struct{ *suppress.Tenant }

// Verdict implements ingest.Judge.
func (j judge) Verdict(t ingest.Traces) ingest.Verdict {
	v := j.Tenant.Verdict(suppress.Traces(t))
	verdict := [...]ingest.Verdict{suppress.Pass: ingest.Pass, suppress.Hold: ingest.HoldPerson, suppress.Out: ingest.Bar}[v.Fate]
	if v.Unlink {
		verdict |= ingest.Unlink
	}
	return verdict
}
