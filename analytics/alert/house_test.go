package alert_test

import (
	"context"
	"log/slog"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/analytics"
	"github.com/observatory/observatory/analytics/alert"
	"github.com/observatory/observatory/analytics/analyticspg"
	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tenants"
	"github.com/observatory/observatory/tenants/tenantspg"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// house is alerts in a database of their own, with a clock that the test moves.
type house struct {
	t         *testing.T
	store     alert.Store
	values    *alert.Values
	rules     *alert.Rules
	incidents *alert.Incidents
	silences  *alert.Silences
	by        tenants.By
	clock     atomic.Int64 // microseconds
}

// begin is when the clock of a house begins: on a whole day, and long enough ago that no tick of a test lies in the future.
func begin() time.Time { return time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -7) }

func newHouse(t *testing.T, values *alert.Values) *house {
	t.Helper()
	pool, err := pg.Open(t.Context(), testkit.Postgres(t), pg.Options{})
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	h := &house{t: t, store: analyticspg.New(pool).Alerts(), values: values}
	h.set(begin())
	h.rules, h.incidents, h.silences = alert.NewRules(h.store, values, h.now), alert.NewIncidents(h.store, h.now), alert.NewSilences(h.store, h.now)
	h.by = signUp(t, pool)
	return h
}

func (h *house) now() time.Time    { return time.UnixMicro(h.clock.Load()).UTC() }
func (h *house) set(now time.Time) { h.clock.Store(now.UnixMicro()) }

// evaluator is one of any number.
func (h *house) evaluator() *alert.Evaluator {
	return alert.NewEvaluator(h.store, h.values, testkit.Logger(h.t))
}

// evaluate moves the clock and does all that is due.
func (h *house) evaluate(now time.Time) {
	h.t.Helper()
	h.set(now)
	require.NoError(h.t, h.evaluator().EvaluateTenant(h.t.Context(), h.by.Principal.Tenant, now))
}

func (h *house) create(d alert.Definition) alert.Rule {
	h.t.Helper()
	r, err := h.rules.Create(h.t.Context(), h.by, d, true)
	require.NoError(h.t, err)
	return r
}

func (h *house) rule(id alert.RuleID) alert.Rule {
	h.t.Helper()
	r, err := h.rules.Get(h.t.Context(), h.by.Principal.Tenant, id)
	require.NoError(h.t, err)
	return r
}

// history is what came of the ticks of a rule, oldest first.
func (h *house) history(id alert.RuleID) (all []alert.Evaluation) {
	h.t.Helper()
	newest, err := h.rules.Evaluations(h.t.Context(), h.by.Principal.Tenant, id, time.Time{}, time.Time{}, 10_000)
	require.NoError(h.t, err)
	for i := range newest {
		all = append(all, newest[len(newest)-1-i])
	}
	return all
}

// states are the first letters of the statuses that a rule went through; M for muted.
func (h *house) states(id alert.RuleID) string {
	var letters []byte
	for _, e := range h.history(id) {
		letter := string(e.Status)[0]
		if e.Muted {
			letter = 'M'
		}
		letters = append(letters, letter)
	}
	return string(letters)
}

// all are the incidents, oldest first.
func (h *house) all() (incidents []alert.Incident) {
	h.t.Helper()
	newest, err := h.incidents.List(h.t.Context(), h.by.Principal.Tenant, alert.IncidentsQuery{Limit: 500})
	require.NoError(h.t, err)
	for i := range newest {
		incidents = append(incidents, newest[len(newest)-1-i])
	}
	return incidents
}

// timeline is what happened to an incident, kind by kind.
func (h *house) timeline(id alert.IncidentID) (kinds []alert.EntryKind) {
	h.t.Helper()
	_, entries, err := h.incidents.Get(h.t.Context(), h.by.Principal.Tenant, id)
	require.NoError(h.t, err)
	for _, e := range entries {
		kinds = append(kinds, e.Kind)
	}
	return kinds
}

// series has a value for every window of events of a name, by the window's end: it is what a test wants to be there.
type series func(event string, end time.Time) *float64

// Windows implements alert.Trends.
func (s series) Windows(_ context.Context, _ tenants.ID, q analytics.TrendsQuery, cuts []time.Time) ([]*float64, error) {
	values := make([]*float64, len(cuts)-1)
	for i := range values {
		values[i] = s(q.Event, cuts[i+1])
	}
	return values, nil
}

// letters is a series of a letter per minute from begin on, the same for all events: x is wrong for a rule that is made by few, o is fine.
func letters(text string) *alert.Values {
	return &alert.Values{Trends: series(func(_ string, end time.Time) *float64 {
		n := int(end.Sub(begin())/time.Minute) - 1
		if n >= 0 && n < len(text) && text[n] == 'x' {
			return number(0)
		}
		return number(10)
	})}
}

// minute is the time at which the n-th minute's tick is due for a rule without delay.
func minute(n int) time.Time { return begin().Add(time.Duration(n) * time.Minute) }

func signUp(t *testing.T, pool *pg.Pool) tenants.By {
	t.Helper()
	services, err := tenants.New(
		tenants.Config{
			PublicURL: &url.URL{Scheme: "https", Host: "observatory.example"}, SecretKey: make([]byte, tenants.SecretKeyLength),
			Passwords: tenants.PasswordConfig{MemoryKiB: 64, Passes: 1},
		},
		tenants.Deps{Store: tenantspg.New(pool, testkit.Logger(t)), Mailer: noMail{}, Log: testkit.Logger(t), Now: time.Now},
	)
	require.NoError(t, err)
	require.NoError(t, services.SigningKeys.Ensure(t.Context()))
	made, err := services.Accounts.SignUp(t.Context(), tenants.SignUpInput{Email: uuid.NewString() + "@example.com", Password: "correct horse battery", Organisation: "Acme"})
	require.NoError(t, err)
	principal, err := made.Session.Principal()
	require.NoError(t, err)
	return tenants.By{Principal: principal, CorrelationID: "correlation"}
}

type noMail struct{}

func (noMail) Send(context.Context, tenants.Message) error { return nil }

// broken is a Trends that answers with an error.
type broken struct{ err error }

func (b broken) Windows(context.Context, tenants.ID, analytics.TrendsQuery, []time.Time) ([]*float64, error) {
	return nil, b.err
}

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }
