package erasure_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/repair"
	"github.com/observatory/observatory/ingest/wire"
	"github.com/observatory/observatory/internal/jobs"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/tenants"
)

// history is a tenant of whom is known what was sent and asked for.
type history struct {
	h      *house
	tenant tenants.ID
	sender ingest.Sender
	chance *rand.Rand // of what happens
	people []*human
	kiosk  string // an anonymous ID that many use
	sent   []*sent
	told   []receipt

	luck    sync.Mutex // of workers, who are several
	dice    *rand.Rand
	hazards atomic.Bool // workers die

	mu    sync.Mutex
	asked []*asked
	about map[privacy.ID][]privacy.Person
}

// human is somebody who goes by several names, each with the same word in it, which stands nowhere else.
type human struct {
	word    string
	phase   phase
	returns bool // they start empty after their erasure
	renamed bool // they went by an older ID once
}

func (p *human) user() string    { return p.word + "user" }
func (p *human) device() string  { return p.word + "device" }
func (p *human) older() string   { return p.word + "older" }
func (p *human) account() string { return p.word + "account" }

// phase is where in somebody's life something was sent: before their erasure was asked for, while it went on, or after it was over.
type phase string

const (
	early  phase = "early"
	during phase = "during"
	late   phase = "late"
)

// sent is an event.
type sent struct {
	human      *human // nil: whoever stands at the kiosk
	phase      phase
	id, name   string
	user, anon string
	text       string // as it is sent
	accepted   bool   // acknowledged
}

// mark stands in the event's properties.
func (s *sent) mark() string { return s.human.word + string(s.phase) }

// receipt is that of an acknowledged request.
type receipt struct {
	text   string
	events []*sent
}

// asked is a request.
type asked struct {
	id     privacy.ID
	at     time.Time
	filing privacy.Filing
	humans []*human
	over   bool
}

const (
	usual    = "opened"
	misspelt = "opend" // which the contract does not know
	mended   = "sale"
)

func newHistory(h *house, seed uint64) *history {
	x := &history{
		h: h, tenant: tenants.ID(uuid.New()), about: map[privacy.ID][]privacy.Person{},
		chance: rand.New(rand.NewPCG(h.chance.Uint64(), seed)), dice: rand.New(rand.NewPCG(h.chance.Uint64(), seed)), //nolint:gosec // chance, not secrets
	}
	x.hazards.Store(true)
	x.sender = ingest.Sender{Tenant: x.tenant, Source: tenants.SourceID(uuid.New()), Key: tenants.KeyID(uuid.New())}
	x.kiosk = x.word() + "kiosk"
	for range 5 {
		x.people = append(x.people, &human{word: x.word(), phase: early, returns: x.chance.IntN(3) == 0, renamed: x.chance.IntN(2) == 0})
	}
	t := h.t
	require.NoError(t, h.pool.WithTenant(t.Context(), uuid.UUID(x.tenant), func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), "INSERT INTO tenants (id, name, timezone, created_at) VALUES ($1, 'T', 'UTC', now())", uuid.UUID(x.tenant))
		return err
	}))
	_, err := h.policies.Publish(t.Context(), x.by(), ingest.PublishInput{
		Kind: ingest.ContractPolicy, Document: json.RawMessage(`{"unknown_events":"quarantine","events":[{"event":"opened","mode":"off"},{"event":"sale","mode":"off"},{"event":"alias","mode":"off"}]}`),
	})
	require.NoError(t, err)
	return x
}

// word is like no other.
func (x *history) word() string {
	letters := make([]byte, 14)
	for i := range letters {
		letters[i] = byte('a' + x.chance.IntN(26))
	}
	return string(letters)
}

func (x *history) by() tenants.By {
	return tenants.By{Principal: tenants.Principal{Tenant: x.tenant, Role: tenants.RoleOwner, Actor: tenants.Actor{Kind: tenants.ActorUser, ID: "1", Label: "owner@example.com"}}, CorrelationID: "c"}
}

// happen is what happens to the tenant, while its requests are carried out and its hours are computed and archived.
func (x *history) happen() error {
	ctx, stop := context.WithCancel(context.WithoutCancel(x.h.t.Context()))
	var working errgroup.Group
	working.Go(func() error { return x.answer(ctx) })
	working.Go(func() error { return x.keep(ctx) })
	err := x.act(ctx)
	stop()
	return errors.Join(err, working.Wait())
}

func (x *history) act(ctx context.Context) error {
	for _, p := range x.people { // everybody has logged in once at home
		first := []*sent{x.event(p, usual, p.user(), p.device())}
		if p.renamed {
			first = append(first, x.event(p, usual, p.older(), ""), x.event(p, "alias", p.user(), ""))
		}
		if err := x.send(ctx, first); err != nil {
			return err
		}
	}
	const steps = 14
	began, erase := time.Now(), 3+x.chance.IntN(8)
	for n := 0; n < steps || len(x.open()) > 0 && time.Since(began) < x.h.long; n++ { // more happens while requests are carried out
		if err := x.step(ctx, n == erase); err != nil {
			return err
		}
		pause(ctx, time.Duration(x.chance.IntN(40*(1+n)))*time.Millisecond)
	}
	return nil
}

func (x *history) step(ctx context.Context, erase bool) error {
	for _, p := range x.people {
		if p.phase == during && x.erased(p) {
			p.phase = late
		}
	}
	switch n := x.chance.IntN(20); {
	case erase || n < 1:
		return x.erase(ctx)
	case n < 4:
		return x.repair(ctx)
	case n < 6:
		return x.rerun(ctx)
	case n < 7:
		return x.export(ctx)
	case n < 9:
		return x.again(ctx)
	}
	var events []*sent
	for range 1 + x.chance.IntN(6) {
		events = append(events, x.anything())
	}
	return x.send(ctx, events)
}

func (x *history) somebody() *human { return x.people[x.chance.IntN(len(x.people))] }

// anything is an event of somebody: signed in or not, at home or where many are, right or wrong.
func (x *history) anything() *sent {
	p := x.somebody()
	name := usual
	switch x.chance.IntN(6) {
	case 0:
		name = misspelt
	case 1:
		return x.event(nil, usual, "", x.kiosk)
	}
	switch x.chance.IntN(5) {
	case 0:
		return x.event(p, name, "", p.device())
	case 1:
		return x.event(p, name, p.user(), x.kiosk)
	case 2:
		return x.event(p, name, p.user(), p.device())
	case 3:
		if p.renamed {
			return x.event(p, name, p.older(), "")
		}
	}
	return x.event(p, name, p.user(), "")
}

func (x *history) event(p *human, name, user, anonymous string) *sent {
	s := &sent{human: p, name: name, user: user, anon: anonymous, id: uuid.NewString()}
	properties := map[string]any{"note": "n", "n": x.chance.IntN(1000)}
	if p != nil {
		s.phase = p.phase
		properties["mark"] = s.mark()
		if user != p.older() && x.chance.IntN(2) == 0 {
			properties["account"] = p.account()
		}
		if name == "alias" {
			properties["previous_id"] = p.older()
		}
		if x.chance.IntN(4) == 0 {
			s.id = p.user() + "-" + s.id // whoever chooses IDs may put a name into them
		}
	}
	at := time.Now().UTC().Add(-time.Duration(2+20*x.chance.IntN(3)) * time.Hour)
	if name == misspelt && x.chance.IntN(4) == 0 {
		at = time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC) // nobody can mend that
	}
	all := map[string]any{"event": name, "event_id": s.id, "timestamp": at.Format(time.RFC3339), "properties": properties}
	if name == "alias" {
		all["type"] = "alias"
	}
	if user != "" {
		all["user_id"] = user
	}
	if anonymous != "" {
		all["anonymous_id"] = anonymous
	}
	text, _ := json.Marshal(all)
	s.text = string(text)
	return s
}

// send sends events until they are acknowledged.
func (x *history) send(ctx context.Context, events []*sent) error {
	if len(events) == 0 {
		return nil
	}
	texts := make([]string, len(events))
	for i, e := range events {
		texts[i] = e.text
	}
	for _, e := range events {
		if !e.accepted {
			x.sent = append(x.sent, e)
		}
	}
	for {
		acceptance, err := x.offer(ctx, "["+strings.Join(texts, ",")+"]")
		if err == nil {
			x.told = append(x.told, receipt{text: acceptance.Receipt, events: events})
			for _, e := range events {
				e.accepted = true
			}
			return nil
		}
		if !errors.Is(err, errDead) && !errors.Is(err, ingest.ErrLogUnavailable) {
			return fmt.Errorf("send events: %w", err)
		}
		pause(ctx, 10*time.Millisecond)
	}
}

// offer sends a body once. What a node says that was dead by then nobody has heard.
func (x *history) offer(ctx context.Context, body string) (ingest.Acceptance, error) {
	batch, err := wire.NewDecoder().Decode([]byte(body))
	if err != nil {
		return ingest.Acceptance{}, err
	}
	x.h.up.RLock()
	defer x.h.up.RUnlock()
	if err := x.h.node.disk.alive(); err != nil {
		return ingest.Acceptance{}, err
	}
	acceptance, err := x.h.node.collector.Accept(ctx, ingest.AcceptInput{Sender: x.sender, CorrelationID: "c", Batch: batch})
	return acceptance, errors.Join(err, x.h.node.disk.alive())
}

// again sends events again that were acknowledged, of people of whom nothing was asked.
func (x *history) again(ctx context.Context) error {
	var events []*sent
	for range 3 {
		e := x.sent[x.chance.IntN(len(x.sent))]
		if e.accepted && e.human != nil && e.human.phase == early {
			events = append(events, e)
		}
	}
	return x.send(ctx, events)
}

func (x *history) repair(ctx context.Context) error {
	causes, err := x.h.causes.List(ctx, x.tenant, time.Now().Add(-time.Hour), time.Now().Add(time.Hour), true)
	if err != nil {
		return err
	}
	for _, c := range causes {
		if c.Event != misspelt || c.Rejection.Code != ingest.CodeUnknownEvent {
			continue
		}
		_, err := x.h.replays.Create(ctx, x.by(), repair.Spec{Kind: repair.Repair, Cause: c.ID, Mapping: []repair.Step{{Op: "set_event", Value: json.RawMessage(`"` + mended + `"`)}}})
		if err != nil && !errors.Is(err, repair.ErrReplayOpen) {
			return err
		}
	}
	return nil
}

// rerun runs what is stored through rules that have changed.
func (x *history) rerun(ctx context.Context) error {
	if err := x.mask(ctx); err != nil {
		return err
	}
	err := x.replay(ctx)
	if errors.Is(err, repair.ErrReplayOpen) {
		return nil
	}
	return err
}

// mask changes the rules.
func (x *history) mask(ctx context.Context) error {
	newest, err := x.h.policies.Newest(ctx, x.tenant, ingest.RedactionPolicy)
	if err != nil {
		return err
	}
	_, err = x.h.policies.Publish(ctx, x.by(), ingest.PublishInput{
		Kind: ingest.RedactionPolicy, Base: newest.Version, Document: json.RawMessage(fmt.Sprintf(`{"rules":[{"name":"notes-%d","path":"properties.note","action":"mask","keep":0}]}`, newest.Version)),
	})
	return err
}

// replay runs what is stored through the rules.
func (x *history) replay(ctx context.Context) error {
	_, err := x.h.replays.Create(ctx, x.by(), repair.Spec{Kind: repair.History, From: time.Now().UTC().Add(-72 * time.Hour), To: time.Now().UTC().Add(time.Hour)})
	return err
}

func (x *history) named(p *human) privacy.Identifier {
	all := []privacy.Identifier{
		{Kind: privacy.UserID, Value: p.user()},
		{Kind: privacy.AnonymousID, Value: p.device()},
		{Kind: privacy.Property, Path: "properties.account", Value: p.account()},
	}
	return all[x.chance.IntN(len(all))]
}

func (x *history) export(ctx context.Context) error {
	return x.file(ctx, privacy.Filing{Type: privacy.Export, Subjects: []privacy.Identifier{x.named(x.somebody())}})
}

// erase has one or two people erased, and perhaps asks twice. More of their events come meanwhile.
func (x *history) erase(ctx context.Context) error {
	p := x.somebody()
	humans := []*human{p}
	if q := x.somebody(); q != p && q.returns == p.returns && x.chance.IntN(3) == 0 {
		humans = append(humans, q)
	}
	filing := privacy.Filing{Type: privacy.Erase, Suppress: !p.returns}
	for _, p := range humans {
		if p.phase != early {
			return nil
		}
	}
	for _, p := range humans {
		p.phase = during
		name := x.named(p)
		if !x.carried(name.Value) { // nobody could find them by what was never sent
			name = privacy.Identifier{Kind: privacy.UserID, Value: p.user()}
		}
		filing.Subjects = append(filing.Subjects, name)
	}
	var coming []*sent
	for range 4 {
		coming = append(coming, x.anything())
	}
	var both errgroup.Group
	both.Go(func() error { return x.file(ctx, filing, humans...) })
	if err := errors.Join(x.send(ctx, coming), both.Wait()); err != nil {
		return err
	}
	if x.chance.IntN(4) == 0 {
		filing.Subjects = []privacy.Identifier{{Kind: privacy.UserID, Value: p.user()}}
		return x.file(ctx, filing, p)
	}
	return nil
}

func (x *history) carried(value string) bool {
	for _, s := range x.sent {
		if s.accepted && s.name != misspelt && strings.Contains(s.text, value) {
			return true
		}
	}
	return false
}

func (x *history) file(ctx context.Context, f privacy.Filing, humans ...*human) error {
	f.Origin, f.Key = privacy.ByMember, uuid.NewString()
	at := time.Now()
	r, err := privacy.NewService(x.h.requests, x.h.resolver, nil, time.Now).File(ctx, x.by(), f)
	if err != nil {
		return fmt.Errorf("file a request: %w", err)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.asked = append(x.asked, &asked{id: r.ID, at: at, filing: f, humans: humans})
	return nil
}

// erased tells whether all requests about somebody are over.
func (x *history) erased(p *human) bool {
	return !slices.ContainsFunc(x.open(), func(a *asked) bool { return slices.Contains(a.humans, p) })
}

// open are the requests that are not over.
func (x *history) open() (all []*asked) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, a := range x.asked {
		if !a.over {
			all = append(all, a)
		}
	}
	return all
}

// answer carries requests out until ctx ends.
func (x *history) answer(ctx context.Context) error {
	for n := 0; pause(ctx, min(2*time.Second, time.Duration(n+2)*150*time.Millisecond)); n++ {
		for _, a := range x.open() {
			err := x.work(ctx, func(ctx context.Context, f *fuse, run *jobs.Run) error {
				driver, err := x.h.driver(f, x.isAbout)
				if err != nil {
					return err
				}
				return driver.Advance(ctx, run, privacy.Advance{Request: uuid.UUID(a.id)})
			})
			if err != nil {
				continue // it died, or waits
			}
			x.mu.Lock()
			a.over = true
			x.mu.Unlock()
		}
	}
	return nil
}

func (x *history) isAbout(id privacy.ID, people []privacy.Person) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.about[id] = append(x.about[id], people...)
}

// keep computes, stitches and archives until ctx ends.
func (x *history) keep(ctx context.Context) error {
	for n := 0; pause(ctx, time.Duration(n+1)*700*time.Millisecond); n++ {
		_ = x.work(ctx, func(ctx context.Context, f *fuse, run *jobs.Run) error { // where that fails it is done again
			return []func(context.Context, *fuse, *jobs.Run) error{x.compute, x.archive, x.stitch}[n%3](ctx, f, run)
		})
	}
	return nil
}

func (x *history) compute(ctx context.Context, _ *fuse, _ *jobs.Run) error {
	due, err := x.h.rollups.DueOf(ctx, x.tenant)
	if err != nil {
		return err
	}
	_, err = x.h.rollups.Recompute(ctx, x.tenant, due)
	return err
}

func (x *history) stitch(ctx context.Context, _ *fuse, _ *jobs.Run) error {
	_, err := x.h.linker.Link(ctx, x.tenant)
	return err
}

func (x *history) archive(ctx context.Context, f *fuse, run *jobs.Run) error {
	archived, err := x.h.archive(mortalStorage{x.h.files, f}, mortalIndex{x.h.control.Archives(), f})
	if err != nil {
		return err
	}
	return archived.WriteAll(ctx, run)
}
