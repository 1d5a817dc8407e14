package pipeline_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/enrich"
	"github.com/observatory/observatory/ingest/pipeline"
	"github.com/observatory/observatory/ingest/schema"
	avroformat "github.com/observatory/observatory/ingest/schema/avro"
	jsonformat "github.com/observatory/observatory/ingest/schema/jsonschema"
	"github.com/observatory/observatory/internal/follow"
	"github.com/observatory/observatory/tenants"
)

// shelf is a feed in memory.
type shelf struct {
	mu       sync.Mutex
	declared map[tenants.ID]pipeline.Declared
	changed  []tenants.ID
	mark     follow.Mark
	away     error
	wake     func()
}

func newShelf() *shelf { return &shelf{declared: map[tenants.ID]pipeline.Declared{}} }

func (s *shelf) declare(d pipeline.Declared) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.declared[d.Tenant] = d
	s.changed = append(s.changed, d.Tenant)
}

func (s *shelf) Declared(_ context.Context, since follow.Mark) (pipeline.Changes, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away != nil {
		return pipeline.Changes{}, s.away
	}
	s.mark++
	c := pipeline.Changes{Mark: s.mark, Complete: since == 0}
	if c.Complete {
		for _, d := range s.declared {
			c.Tenants = append(c.Tenants, d)
		}
	} else {
		for _, id := range s.changed {
			c.Tenants = append(c.Tenants, s.declared[id])
		}
	}
	s.changed = nil
	return c, nil
}

func (s *shelf) DeclaredBy(_ context.Context, tenant tenants.ID) (pipeline.Declared, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.declared[tenant]
	d.Tenant = tenant
	return d, s.away
}

func (s *shelf) ListenDeclared(ctx context.Context, changed func()) {
	s.mu.Lock()
	s.wake = changed
	s.mu.Unlock()
	<-ctx.Done()
}

func newPipeline(feed pipeline.Feed) *pipeline.Pipeline {
	return pipeline.New(pipeline.Config{Secret: []byte(strings.Repeat("s", 32))}, pipeline.Deps{
		Feed:    feed,
		Formats: map[schema.Type]schema.Format{schema.Avro: avroformat.Format{}, schema.JSON: jsonformat.Format{}},
		Logger:  slog.New(slog.DiscardHandler), Now: time.Now,
	})
}

func policy(kind ingest.PolicyKind, version int, document string) ingest.Policy {
	return ingest.Policy{Kind: kind, Version: version, Document: []byte(document)}
}

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func track(name, properties string) ingest.Item {
	return ingest.Item{Event: ingest.Event{Type: ingest.Track, Name: []byte(name), ID: []byte("id-1"), Time: noon, Properties: []byte(properties)}, Raw: []byte("{}")}
}

// prepared copies what Prepare made of items.
func prepared(t *testing.T, p *pipeline.Pipeline, tenant tenants.ID, items ...ingest.Item) ingest.Preparation {
	t.Helper()
	in := ingest.Preparation{Sender: ingest.Sender{Tenant: tenant}, Items: items}
	done, err := p.Prepare(t.Context(), &in)
	require.NoError(t, err)
	record := ingest.AppendRecord(nil, ingest.Header{}, in.Items)
	done()
	reader, err := ingest.ReadRecord(record)
	require.NoError(t, err)
	for i := range in.Items {
		require.NoError(t, reader.Next(&in.Items[i]))
	}
	return in
}

func TestNothingIsAcceptedBeforeTheRulesAreKnown(t *testing.T) {
	t.Parallel()
	feed := newShelf()
	feed.away = errors.New("away")
	p := newPipeline(feed)
	_, err := p.Prepare(t.Context(), &ingest.Preparation{Items: []ingest.Item{track("a", "{}")}})
	require.ErrorIs(t, err, pipeline.ErrRulesNotLoaded)
	require.Error(t, p.Rulebook().Refresh(t.Context()))
	_, err = p.Prepare(t.Context(), &ingest.Preparation{Items: []ingest.Item{track("a", "{}")}})
	require.ErrorIs(t, err, pipeline.ErrRulesNotLoaded)

	feed.away = nil
	require.NoError(t, p.Rulebook().Refresh(t.Context()))
	prepared(t, p, tenants.ID(uuid.New()), track("a", "{}"))
	feed.away = errors.New("away again")
	require.Error(t, p.Rulebook().Refresh(t.Context()))
	prepared(t, p, tenants.ID(uuid.New()), track("a", "{}"))
}

func TestWhatCannotBeAppliedRefusesTheTenantAndNobodyElse(t *testing.T) {
	t.Parallel()
	feed := newShelf()
	broken, other := tenants.ID(uuid.New()), tenants.ID(uuid.New())
	feed.declare(pipeline.Declared{Tenant: broken, Policies: []ingest.Policy{policy(ingest.RedactionPolicy, 1, `{"rules":"none"}`)}})
	p := newPipeline(feed)
	require.NoError(t, p.Rulebook().Refresh(t.Context()))
	_, err := p.Prepare(t.Context(), &ingest.Preparation{Sender: ingest.Sender{Tenant: broken}, Items: []ingest.Item{track("a", "{}")}})
	require.ErrorIs(t, err, pipeline.ErrRulesBroken)
	prepared(t, p, other, track("a", "{}"))
}

func TestDefaultRulesRedact(t *testing.T) {
	t.Parallel()
	p := newPipeline(newShelf())
	require.NoError(t, p.Rulebook().Refresh(t.Context()))
	in := prepared(t, p, tenants.ID(uuid.New()), track("a", `{"mail":"maria.lopez@example.com","password":"hunter2","n":1}`))
	e := in.Items[0].Event
	require.NotContains(t, string(e.Properties), "maria")
	require.NotContains(t, string(e.Properties), "hunter2")
	require.Contains(t, string(e.Properties), `"n":1`)
	require.NotEmpty(t, e.Redactions)
	require.Equal(t, ingest.DefaultKeepDays, in.KeepDays)
	require.Equal(t, `{"n":1}`, string(prepared(t, p, tenants.ID(uuid.New()), track("a", `{"n":1}`)).Items[0].Event.Properties))
}

// What redaction cannot look into is not stored, though no decoder lets such a thing through.
func TestWhatCannotBeReadIsNotStored(t *testing.T) {
	t.Parallel()
	p := newPipeline(newShelf())
	require.NoError(t, p.Rulebook().Refresh(t.Context()))
	for _, odd := range []string{`{"mail":"maria.lopez@example.com"`, `{"mail":"maria.lopez@example.com"}}`, `["maria.lopez@example.com"]`, strings.Repeat(`{"a":`, 70) + `"maria.lopez@example.com"` + strings.Repeat("}", 70)} {
		item := track("a", odd)
		item.Event.Context = []byte(odd)
		e := prepared(t, p, tenants.ID(uuid.New()), item).Items[0].Event
		require.Empty(t, e.Properties, odd)
		require.Empty(t, e.Context, odd)
	}
}

const orderV1 = `{"type":"object","properties":{"price":{"type":"number"},"mail":{"type":"string"}},"required":["price"],"additionalProperties":false}`

func ordering(tenant tenants.ID, mode string) pipeline.Declared {
	return pipeline.Declared{
		Tenant: tenant, Secrets: 1,
		Policies: []ingest.Policy{
			policy(ingest.ContractPolicy, 3, `{"unknown_events":"quarantine","events":[{"event":"order","subject":"order","mode":"`+mode+`"}]}`),
			policy(ingest.QuarantinePolicy, 1, `{"keep_days":7}`),
		},
		Schemas: []pipeline.DeclaredSchema{{ID: 12, Type: schema.JSON, Text: orderV1, Versions: []pipeline.DeclaredVersion{{Subject: "order", Version: 1}}}},
	}
}

func TestTheContractComesFirstAndWhatBreaksItIsRedacted(t *testing.T) {
	t.Parallel()
	feed := newShelf()
	tenant := tenants.ID(uuid.New())
	feed.declare(ordering(tenant, "enforce"))
	p := newPipeline(feed)
	require.NoError(t, p.Rulebook().Refresh(t.Context()))
	in := prepared(t, p, tenant,
		track("order", `{"price":"19.5"}`),
		track("order", `{"mail":"maria.lopez@example.com"}`),
		track("other", `{"x":1}`),
	)
	require.Equal(t, 7, in.KeepDays)
	require.Nil(t, in.Items[0].Rejection)
	require.Equal(t, `{"price":19.5}`, string(in.Items[0].Event.Properties))
	require.EqualValues(t, 12, in.Items[0].Event.Schema)

	broken := in.Items[1]
	require.Equal(t, ingest.CodeSchemaViolation, broken.Rejection.Code)
	require.EqualValues(t, 12, broken.Rejection.Schema)
	require.Equal(t, ingest.FormatNative, broken.Format)
	require.Contains(t, string(broken.Raw), `"event":"order","event_id":"id-1","timestamp":"2026-11-21T12:00:00.000Z","properties":{"mail":`)
	require.NotContains(t, string(broken.Raw), "maria")
	require.Equal(t, []string{"emails"}, broken.Event.Redactions)

	require.Equal(t, ingest.CodeUnknownEvent, in.Items[2].Rejection.Code)
	require.Contains(t, string(in.Items[2].Raw), `"properties":{"x":1}`)
}

func TestWhatIsSetAsideNamesItsLibraryAsRedacted(t *testing.T) {
	t.Parallel()
	feed := newShelf()
	tenant := tenants.ID(uuid.New())
	feed.declare(ordering(tenant, "enforce"))
	p := newPipeline(feed)
	require.NoError(t, p.Rulebook().Refresh(t.Context()))
	broken, secret := track("order", `{"x":1}`), track("order", `{"x":1}`)
	broken.Event.Context = []byte(`{"library":{"name":"analytics.js","version":"4.1.0"}}`)
	secret.Event.Context = []byte(`{"library":{"name":"maria.lopez@example.com","version":"1"}}`)
	in := prepared(t, p, tenant, broken, secret)
	for i := range in.Items {
		require.NotNil(t, in.Items[i].Rejection)
	}
	require.Equal(t, ingest.SDK{Name: []byte("analytics.js"), Version: []byte("4.1.0")}, in.Items[0].Event.Client)
	require.NotContains(t, string(in.Items[1].Event.Client.Name), "maria")
}

func TestWarningsAreRecorded(t *testing.T) {
	t.Parallel()
	feed := newShelf()
	tenant := tenants.ID(uuid.New())
	feed.declare(ordering(tenant, "warn"))
	p := newPipeline(feed)
	require.NoError(t, p.Rulebook().Refresh(t.Context()))
	e := prepared(t, p, tenant, track("order", `{"mail":"none"}`)).Items[0].Event
	require.Len(t, e.Violations, 1)
	require.Equal(t, ingest.CodeSchemaViolation, e.Violations[0].Code)
	require.NotContains(t, e.Violations[0].Message, "none")
}

// A change is applied as soon as the feed says that there is one, and within the poll when it does not.
func TestChangesArrive(t *testing.T) {
	t.Parallel()
	feed := newShelf()
	tenant := tenants.ID(uuid.New())
	p := newPipeline(feed)
	require.NoError(t, p.Rulebook().Refresh(t.Context()))
	require.Nil(t, prepared(t, p, tenant, track("other", `{}`)).Items[0].Rejection)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Rulebook().Run(ctx) }()
	feed.declare(ordering(tenant, "enforce")) // and nobody is told
	require.Eventually(t, func() bool {
		return prepared(t, p, tenant, track("other", `{}`)).Items[0].Rejection != nil
	}, 5*time.Second, 20*time.Millisecond)
	next := ordering(tenant, "enforce")
	next.Policies = nil
	feed.declare(next)
	feed.mu.Lock()
	wake := feed.wake
	feed.mu.Unlock()
	wake()
	require.Eventually(t, func() bool {
		return prepared(t, p, tenant, track("other", `{}`)).Items[0].Rejection == nil
	}, time.Second, 5*time.Millisecond)
	cancel()
	require.NoError(t, <-ended)
}

// Sessions know nothing of events that are only tried.
func TestTrialsAreForgotten(t *testing.T) {
	t.Parallel()
	p := pipeline.New(pipeline.Config{Secret: []byte(strings.Repeat("s", 32))}, pipeline.Deps{
		Feed: newShelf(), Logger: slog.New(slog.DiscardHandler), Now: time.Now, Resources: enrich.Resources{Sessions: enrich.NewSessions(10)},
	})
	require.NoError(t, p.Rulebook().Refresh(t.Context()))
	tenant := tenants.ID(uuid.New())
	prepare := func(id string, trial bool) ingest.Event {
		item := track("a", "{}")
		item.Event.ID, item.Event.UserID = []byte(id), []byte("u")
		in := ingest.Preparation{Sender: ingest.Sender{Tenant: tenant}, Items: []ingest.Item{item}, Trial: trial}
		_, err := p.Prepare(t.Context(), &in)
		require.NoError(t, err)
		return in.Items[0].Event
	}
	require.Empty(t, prepare("tried", true).SessionID)
	require.Contains(t, string(prepare("stored", false).Facts), `"session_new":true`)
}

// drawer is what was stored.
type drawer []ingest.Sample

func (d drawer) RecentEvents(context.Context, tenants.ID, string, int) ([]ingest.Sample, error) {
	return d, nil
}

// A rehearsal whose rules take long ends with what it has seen by then.
func TestRehearsalsEnd(t *testing.T) {
	t.Parallel()
	stored := make(drawer, 100)
	for i := range stored {
		stored[i].Event = track("a", `{"n":1}`).Event
	}
	r := pipeline.NewRehearsals(newPipeline(newShelf()), stored)
	rehearse := func() int64 {
		report, err := r.RehearsePolicy(t.Context(), tenants.ID(uuid.New()), ingest.RedactionPolicy, []byte(`{"rules":[]}`), "", len(stored))
		require.NoError(t, err)
		return report.Events
	}
	require.EqualValues(t, len(stored), rehearse())
	r.SetPatience(-time.Second)
	require.EqualValues(t, 1, rehearse())
}

// trap is a format whose library panics.
type trap struct{}

func (trap) Parse(schema.Text) (schema.Parsed, error) { panic("trapped") }

// What panics once does not go on as if it had succeeded.
func TestASchemaThatPanicsIsNoSchema(t *testing.T) {
	t.Parallel()
	feed, tenant := newShelf(), tenants.ID(uuid.New())
	feed.declare(ordering(tenant, "enforce"))
	p := pipeline.New(pipeline.Config{Secret: []byte(strings.Repeat("s", 32))}, pipeline.Deps{
		Feed: feed, Formats: map[schema.Type]schema.Format{schema.JSON: trap{}, schema.Avro: trap{}}, Logger: slog.New(slog.DiscardHandler), Now: time.Now,
	})
	require.NoError(t, p.Rulebook().Refresh(t.Context()))
	event := func(name string) ingest.Item {
		item := track(name, "")
		item.Event.Payload = []byte("\x00\x00\x00\x00\x0c{}")
		return item
	}
	require.Panics(t, func() { prepared(t, p, tenant, event("order")) })
	for _, name := range []string{"order", "other"} {
		in := prepared(t, p, tenant, event(name))
		require.Equal(t, ingest.CodeSchemaUnknown, in.Items[0].Rejection.Code, name)
	}
}

// counted counts how often it reads a schema.
type counted struct {
	schema.Format
	reads *atomic.Int64
}

func (c counted) Parse(text schema.Text) (schema.Parsed, error) {
	c.reads.Add(1)
	return c.Format.Parse(text)
}

// Whoever changes what they declare, again and again, does not have every node compile all their schemas again.
func TestSchemasAreCompiledOnce(t *testing.T) {
	t.Parallel()
	feed := newShelf()
	tenant := tenants.ID(uuid.New())
	reads := new(atomic.Int64)
	p := pipeline.New(pipeline.Config{Secret: []byte(strings.Repeat("s", 32))}, pipeline.Deps{
		Feed: feed, Formats: map[schema.Type]schema.Format{schema.JSON: counted{jsonformat.Format{}, reads}}, Logger: slog.New(slog.DiscardHandler), Now: time.Now,
	})
	for range 3 {
		feed.declare(ordering(tenant, "enforce"))
		require.NoError(t, p.Rulebook().Refresh(t.Context()))
		require.Nil(t, prepared(t, p, tenant, track("order", `{"price":1}`)).Items[0].Rejection)
	}
	require.EqualValues(t, 1, reads.Load())
}

// barring bars whoever has one phone number or one user ID, and wants another device forgotten.
type barring struct{}

func (barring) Paths() []string { return []string{"properties.phone", "context.people.phone"} }

func (barring) Verdict(t ingest.Traces) ingest.Verdict {
	for _, v := range t.Values {
		if string(v) == "+34 600" {
			return ingest.Bar
		}
	}
	switch {
	case string(t.UserID) == "u-1" || string(t.PreviousID) == "u-1":
		return ingest.Bar
	case string(t.UserID) == "u-2":
		return ingest.HoldPerson
	case string(t.AnonymousID) == "tablet":
		return ingest.Unlink
	}
	return ingest.Pass
}

// People are known by what was sent, before it is redacted and after a payload was decoded; nothing of those who are barred is left.
func TestNothingOfWhoIsBarredIsLeft(t *testing.T) {
	t.Parallel()
	feed := newShelf()
	tenant := tenants.ID(uuid.New())
	feed.declare(ordering(tenant, "enforce"))
	p := newPipeline(feed)
	require.NoError(t, p.Rulebook().Refresh(t.Context()))
	with := func(change func(*ingest.Item)) ingest.Item {
		item := track("order", `{"price":1}`)
		item.Event.UserID, item.Event.Context = []byte("u-9"), []byte(`{"x":"secret"}`)
		change(&item)
		return item
	}
	rejected := func(raw string) ingest.Item {
		return ingest.Item{Event: ingest.Event{ID: []byte("id-1")}, Rejection: &ingest.Rejection{Code: ingest.CodeWrongType}, Raw: []byte(raw)}
	}
	for name, item := range map[string]ingest.Item{
		"user": with(func(i *ingest.Item) { i.Event.UserID = []byte("u-1") }),
		"alias": with(func(i *ingest.Item) {
			i.Event.Type = ingest.Alias
			i.Event.Properties = []byte(`{"price":1,"previous_id":"u-1"}`)
		}),
		"property, set aside":  with(func(i *ingest.Item) { i.Event.Properties = []byte(`{"phone":"+34 600"}`) }),
		"in a list of objects": with(func(i *ingest.Item) { i.Event.Context = []byte(`{"people":[{"phone":"1"},{"phone":"+34 600"}]}`) }),
		"rejected":             rejected(`{"event":5,"user_id":"u-1"}`),
		"rejected, of Segment": rejected(`{"type":"track","event":5,"userId":"u-1"}`),
		"rejected, traits":     rejected(`{"type":"identify","userId":5,"traits":{"phone":"+34 600"}}`),
		"rejected, a device":   rejected(`{"event":5,"user_id":"u-9","anonymous_id":"tablet"}`),
	} {
		in := ingest.Preparation{Sender: ingest.Sender{Tenant: tenant}, Items: []ingest.Item{item}, Judge: barring{}, ReceivedAt: noon}
		done, err := p.Prepare(t.Context(), &in)
		require.NoError(t, err)
		require.Equal(t, ingest.Item{Verdict: ingest.Bar}, in.Items[0], name)
		done()
	}
	in := ingest.Preparation{Sender: ingest.Sender{Tenant: tenant}, Judge: barring{}, ReceivedAt: noon, Items: []ingest.Item{
		with(func(i *ingest.Item) { i.Event.UserID = []byte("u-2") }),
		with(func(i *ingest.Item) { i.Event.AnonymousID = []byte("tablet") }),
		rejected(`{"event":5,"user_id":"u-9"}`),
		with(func(*ingest.Item) {}),
	}}
	done, err := p.Prepare(t.Context(), &in)
	require.NoError(t, err)
	defer done()
	require.Equal(t, ingest.HoldPerson, in.Items[0].Verdict)
	require.Equal(t, "u-2", string(in.Items[0].Event.UserID))
	require.Equal(t, ingest.Pass, in.Items[1].Verdict)
	require.Empty(t, in.Items[1].Event.AnonymousID)
	require.Equal(t, "u-9", string(in.Items[1].Event.UserID))
	require.NotNil(t, in.Items[2].Rejection)
	require.Equal(t, ingest.Pass, in.Items[3].Verdict)
}
