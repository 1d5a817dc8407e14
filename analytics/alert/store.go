package alert

import (
	"context"
	"time"

	"github.com/observatory/observatory/tenants"
)

// Store keeps rules, what came of their ticks, silences and incidents.
type Store interface {
	// Within runs fn in one transaction inside a tenant: committed when fn returns nil, and otherwise rolled back. fn runs once.
	Within(ctx context.Context, tenant tenants.ID, fn func(Tx) error) error
	// Due lists the tenants that have rules to be evaluated, or silences that begin or end, up to now.
	Due(ctx context.Context, now time.Time) ([]tenants.ID, error)
	// DeleteEvaluations deletes those, of any tenant, that were made before, and says how many.
	DeleteEvaluations(ctx context.Context, before time.Time) (int64, error)
}

// Tx is a transaction inside one tenant.
type Tx interface {
	ruleRows
	silenceRows
	incidentRows
	// Clock is the time by the database's clock, which all workers have in common.
	Clock(ctx context.Context) (time.Time, error)
	// Audit adds an entry to the tenant's audit log. It comes last.
	Audit(ctx context.Context, e tenants.AuditEntry) error
}

type ruleRows interface {
	// CountRules counts the tenant's rules, and makes others who count wait for the end of the transaction.
	CountRules(ctx context.Context) (int, error)
	AddRule(ctx context.Context, r Rule) error
	// Rule finds a rule with its newest evaluation; ErrNoSuchRule.
	Rule(ctx context.Context, id RuleID) (Rule, error)
	// Rules lists all rules, by name, with their newest evaluations.
	Rules(ctx context.Context) ([]Rule, error)
	// DueRules lists the enabled rules whose next tick may be evaluated by now, the longest overdue first.
	DueRules(ctx context.Context, now time.Time) ([]Rule, error)
	// LockRule finds a rule, without evaluations, that nobody else can change before the transaction ends; ErrNoSuchRule.
	LockRule(ctx context.Context, id RuleID) (Rule, error)
	// SetRule writes all of a rule that may change; ErrNoSuchPolicy when it names a policy that is not there.
	SetRule(ctx context.Context, r Rule) error
	DeleteRule(ctx context.Context, id RuleID) error
	AddEvaluation(ctx context.Context, rule RuleID, e Evaluation) error
	// Evaluations lists those with From <= tick < To, newest first.
	Evaluations(ctx context.Context, rule RuleID, from, to time.Time, limit int) ([]Evaluation, error)
}

type silenceRows interface {
	// LockSilences makes others wait until the transaction ends who change silences or open an incident: one that nobody else can see yet
	// would not follow the change. It comes before incidents are locked.
	LockSilences(ctx context.Context) error
	AddSilence(ctx context.Context, s Silence) error
	// Silence finds a silence; ErrNoSuchSilence.
	Silence(ctx context.Context, id SilenceID) (Silence, error)
	// Silences lists those of a phase by the clock ("" is any), those that end last first, from a place on.
	Silences(ctx context.Context, phase Phase, now time.Time, after SilenceCursor, limit int) ([]Silence, error)
	// SilencesNow lists those in force now, and those whose phase is behind the clock.
	SilencesNow(ctx context.Context, now time.Time) ([]Silence, error)
	SetSilence(ctx context.Context, s Silence) error
	DeleteSilence(ctx context.Context, id SilenceID) error
}

type incidentRows interface {
	// LockGroup makes others who would open an incident of this group wait for the end of the transaction.
	LockGroup(ctx context.Context, groupKey string) error
	// OpenIncident finds and locks the open incident of a group, with its rules; nil when there is none.
	OpenIncident(ctx context.Context, groupKey string) (*Incident, error)
	// LockIncident finds and locks an incident, with its rules; ErrNoSuchIncident.
	LockIncident(ctx context.Context, id IncidentID) (Incident, error)
	// LockOpenIncidents finds and locks all open ones, with their rules, in the order of their IDs.
	LockOpenIncidents(ctx context.Context) ([]Incident, error)
	// Incident finds an incident with its rules; ErrNoSuchIncident.
	Incident(ctx context.Context, id IncidentID) (Incident, error)
	// Incidents lists incidents with their rules, newest first.
	Incidents(ctx context.Context, q IncidentsQuery) ([]Incident, error)
	AddIncident(ctx context.Context, i Incident, createdAt time.Time) error
	// SetIncident writes all of an incident that may change, but not its rules.
	SetIncident(ctx context.Context, i Incident) error
	// SetIncidentRule adds or replaces a rule of an incident.
	SetIncidentRule(ctx context.Context, id IncidentID, r IncidentRule) error
	AddEntry(ctx context.Context, id IncidentID, e Entry) error
	// Entries lists the newest entries of an incident, oldest first.
	Entries(ctx context.Context, id IncidentID, limit int) ([]Entry, error)
}

// SilenceCursor is a place in the list of silences: what comes after it. Zero: from the first on.
type SilenceCursor struct {
	To time.Time
	ID SilenceID
}

// IncidentsQuery asks for incidents. Zero parts let all through.
type IncidentsQuery struct {
	State    IncidentState
	Severity Severity
	Rule     RuleID
	Event    string    // of rules that watch this event, or all events
	From, To time.Time // open at any moment of From <= t < To
	After    IncidentCursor
	Limit    int
}

// IncidentCursor is a place in the list of incidents: what comes after it. Zero: from the newest on.
type IncidentCursor struct {
	OpenedAt time.Time
	ID       IncidentID
}
