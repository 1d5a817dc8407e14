package privacy

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/internal/follow"
	"github.com/observatory/observatory/tenants"
)

// act does one action and writes down what came of it. It tells whether there is something to wait for.
func (d *Driver) act(ctx context.Context, r *Request, people []Person, action Action, i int) (waits bool, err error) {
	switch action {
	case Resolve:
		return false, d.resolve(ctx, r, people)
	case Bar:
		return false, d.bar(ctx, r, people)
	case Await:
		return d.await(ctx, r, people)
	case Count:
		return false, d.count(ctx, r, people, i)
	case Begin:
		return false, d.begin(ctx, r, people)
	case Empty:
		return d.empty(ctx, r, people, i)
	case Look:
		return d.look(ctx, r, people, i)
	case Finish:
		return false, d.finish(ctx, r, people)
	case Withdraw:
		return false, d.withdraw(ctx, r, people)
	case Rest, Wait:
	}
	return true, nil
}

func (d *Driver) resolve(ctx context.Context, r *Request, people []Person) error {
	given := make([]Identifier, len(people))
	for i := range people {
		given[i] = people[i].Given
	}
	found, err := d.find(ctx, r, given)
	if err != nil {
		return err
	}
	all := Everybody(found)
	text := fmt.Sprintf("It is known who the subjects are: %d named, %d user IDs, %d anonymous IDs.", len(found), len(all.UserIDs), len(all.AnonymousIDs))
	return d.change(ctx, r, func(r *Request, now time.Time) Change {
		r.resolved([]string{exportStep})
		if r.Approval == nil {
			r.Waiting, text = "approval", text+" It waits for approval."
		}
		return Change{People: found, Moments: r.moment(now, text)}
	})
}

// find resolves identifiers, and notes what holds for the people before the request changes it.
func (d *Driver) find(ctx context.Context, r *Request, given []Identifier) ([]Person, error) {
	found, err := d.Resolver.Resolve(ctx, r.Tenant, given)
	if err != nil {
		return nil, fmt.Errorf("find out who the subjects are: %w", err)
	}
	if len(found) != len(given) {
		return nil, fmt.Errorf("of %d subjects %d were found", len(given), len(found))
	}
	entries := entriesOf(found, Free, nil)
	named := make([]Identifier, len(entries))
	for i := range entries {
		named[i] = entries[i].Identifier
	}
	holds, err := d.Standings.StateOf(ctx, r.Tenant, named)
	if err != nil {
		return nil, fmt.Errorf("look up what holds for the subjects: %w", err)
	}
	for i, h := range holds {
		if e := entries[i]; h.Standing != Free && h.Request != uuid.UUID(r.ID) {
			e.Standing = h.Standing
			found[e.Person].Prior = append(found[e.Person].Prior, e)
		}
	}
	return found, nil
}

// entriesOf are the entries for everything that is known of people.
func entriesOf(people []Person, s Standing, erased *time.Time) []Entry {
	var all []Entry
	for n, p := range people {
		add := func(i Identifier) { all = append(all, Entry{Identifier: i, Standing: s, Erased: erased, Person: n}) }
		for _, id := range p.UserIDs {
			add(Identifier{Kind: UserID, Value: id})
		}
		for _, id := range p.AnonymousIDs {
			add(Identifier{Kind: AnonymousID, Value: id})
		}
		for _, i := range p.Properties {
			add(i)
		}
	}
	return all
}

// standing is what holds for the subjects of a request from when it bars them.
func (r *Request) standing() Standing {
	switch r.Type {
	case Restrict:
		return Restricted
	case Unsuppress:
		return Free
	case Erase, Export, Suppress, Offboard:
	}
	return Barred
}

func (d *Driver) bar(ctx context.Context, r *Request, people []Person) error {
	mark, err := d.Suppressions.Put(ctx, r.Tenant, uuid.UUID(r.ID), entriesOf(people, r.standing(), nil))
	if err != nil {
		return fmt.Errorf("put suppressions: %w", err)
	}
	text := map[Standing]string{
		Barred: "Nothing new of the subjects is stored.", Restricted: "What comes of the subjects is held.", Free: "The subjects are free again.",
	}[r.standing()]
	return d.change(ctx, r, func(r *Request, now time.Time) Change {
		r.barred(mark, d.copiesFor(r.Type, people), now)
		return Change{Moments: r.moment(now, text)}
	})
}

// copiesFor lists the copies that a request is about.
func (d *Driver) copiesFor(t Type, people []Person) []string {
	var names []string
	if t == Unsuppress && slices.ContainsFunc(people, func(p Person) bool {
		return slices.ContainsFunc(p.Prior, func(e Entry) bool { return e.Standing == Restricted })
	}) {
		names = append(names, releaseStep)
	}
	for _, c := range d.Copies {
		if _, holds := c.(Holder); t == Erase || t == Restrict && holds {
			names = append(names, c.Name())
		}
	}
	return names
}

func (d *Driver) await(ctx context.Context, r *Request, people []Person) (waits bool, err error) {
	if r.Closing != 0 {
		return d.close(ctx, r)
	}
	position, ready, waiting, err := d.Barriers.Barrier(ctx, r.Mark)
	if err != nil {
		return false, fmt.Errorf("ask how far the logs are: %w", err)
	}
	if !ready {
		why := strings.Join(waiting, "; ")
		if r.State == Barrier && r.Waiting == why {
			return true, nil
		}
		return true, d.change(ctx, r, func(r *Request, now time.Time) Change {
			first := r.State != Barrier
			if r.awaiting(why, now); first {
				return Change{Moments: r.moment(now, "What was under way before is being stored.")}
			}
			return Change{}
		})
	}
	more, joined, err := d.joined(ctx, r, people)
	if err != nil {
		return false, err
	}
	return false, d.change(ctx, r, func(r *Request, now time.Time) Change {
		if joined > 0 {
			r.joined()
			return Change{People: more, Moments: r.moment(now, fmt.Sprintf("Meanwhile %d more identifiers turned out to be of the subjects.", joined))}
		}
		r.passed(position, now)
		return Change{
			Moments: r.moment(now, fmt.Sprintf("Every log is past the barrier: what was received before %s is stored.", position.ReceivedBefore.Format(time.RFC3339))),
			Audit:   d.audit(r, "privacy_request.barrier", now, tenants.Details{"position": inJSON(position)}),
		}
	})
}

// close waits until nothing that was let into a log before the erasure was in force is still to be stored.
func (d *Driver) close(ctx context.Context, r *Request) (waits bool, err error) {
	position, ready, waiting, err := d.Barriers.Barrier(ctx, r.Closing)
	if err != nil {
		return false, fmt.Errorf("ask how far the logs are: %w", err)
	}
	if ready {
		return false, d.change(ctx, r, func(r *Request, now time.Time) Change {
			r.closed(position, now)
			return Change{Moments: r.moment(now, "Nothing that was under way can come back.")}
		})
	}
	why := strings.Join(waiting, "; ")
	if r.Waiting == why {
		return true, nil
	}
	return true, d.change(ctx, r, func(r *Request, _ time.Time) Change {
		r.Waiting = why
		return Change{}
	})
}

// joined looks for identifiers that came to the subjects since they were looked up.
func (d *Driver) joined(ctx context.Context, r *Request, people []Person) (more []Person, joined int, err error) {
	if r.Type == Unsuppress {
		return nil, 0, nil
	}
	given := make([]Identifier, len(people))
	for i := range people {
		given[i] = people[i].Given
	}
	found, err := d.find(ctx, r, given)
	if err != nil {
		return nil, 0, err
	}
	more = slices.Clone(people)
	for i := range more {
		m, f := &more[i], &found[i]
		known := len(m.UserIDs) + len(m.AnonymousIDs) + len(m.Properties)
		m.UserIDs, m.AnonymousIDs, m.Properties = union(m.UserIDs, f.UserIDs), union(m.AnonymousIDs, f.AnonymousIDs), union(m.Properties, f.Properties)
		m.Prior = union(m.Prior, f.Prior)
		joined += len(m.UserIDs) + len(m.AnonymousIDs) + len(m.Properties) - known
	}
	return more, joined, nil
}

// union is a with what only b has behind it.
func union[T comparable](a, b []T) []T {
	seen := make(map[T]bool, len(a))
	for _, v := range a {
		seen[v] = true
	}
	all := slices.Clone(a)
	for _, v := range b {
		if !seen[v] {
			seen[v] = true
			all = append(all, v)
		}
	}
	return all
}

func (d *Driver) begin(ctx context.Context, r *Request, people []Person) error {
	var closing follow.Mark
	if r.Type == Erase { // first, so that nothing of before comes back by any way once the copies are being emptied
		var err error
		closing, err = d.Suppressions.Put(ctx, r.Tenant, uuid.UUID(r.ID), entriesOf(people, Barred, &r.Position.ReceivedBefore))
		if err != nil {
			return fmt.Errorf("put suppressions: %w", err)
		}
	}
	return d.change(ctx, r, func(r *Request, now time.Time) Change {
		r.begun(closing, now)
		return Change{Moments: r.moment(now, "Copies are being worked on. It cannot be called off any more.")}
	})
}

func (d *Driver) finish(ctx context.Context, r *Request, people []Person) error {
	if r.Type == Erase && !r.Stay {
		_, err := d.Suppressions.Put(ctx, r.Tenant, uuid.UUID(r.ID), entriesOf(people, Free, &r.Position.ReceivedBefore))
		if err != nil {
			return fmt.Errorf("free the subjects: %w", err)
		}
	}
	over := *r
	over.finished(d.now())
	evidence, err := d.Certifier.Certify(ctx, over)
	if err != nil {
		return fmt.Errorf("sign the certificate: %w", err)
	}
	return d.change(ctx, r, func(r *Request, now time.Time) Change {
		r.finished(now)
		details := tenants.Details{"type": string(r.Type), "subjects": strconv.Itoa(r.Number), "evidence": inJSON(evidence)}
		return Change{
			Forget: true, Moments: r.moment(now, "It is over. Whom it was about is forgotten."),
			Audit: d.audit(r, "privacy_request."+string(r.State), now, details),
		}
	})
}

// withdraw takes back what a cancelled request has put, where nothing else has come to hold since.
func (d *Driver) withdraw(ctx context.Context, r *Request, people []Person) error {
	entries := entriesOf(people, Free, nil)
	prior := map[Identifier]Standing{}
	for _, p := range people {
		for _, e := range p.Prior {
			prior[e.Identifier] = e.Standing
		}
	}
	named := make([]Identifier, len(entries))
	for i := range entries {
		named[i] = entries[i].Identifier
	}
	holds, err := d.Standings.StateOf(ctx, r.Tenant, named)
	if err != nil {
		return fmt.Errorf("look up what holds for the subjects: %w", err)
	}
	var back []Entry
	for i, e := range entries {
		if holds[i].Request != uuid.UUID(r.ID) {
			continue
		}
		if was, ok := prior[e.Identifier]; ok {
			e.Standing = was
		}
		back = append(back, e)
	}
	if len(back) > 0 {
		if _, err := d.Suppressions.Put(ctx, r.Tenant, uuid.UUID(r.ID), back); err != nil {
			return fmt.Errorf("take suppressions back: %w", err)
		}
	}
	return d.change(ctx, r, func(r *Request, now time.Time) Change {
		r.Asleep = true
		return Change{Forget: true, Moments: r.moment(now, "Whom it was about is forgotten.")}
	})
}

func (r *Request) moment(now time.Time, text string) []Moment {
	return []Moment{{At: now, State: r.State, Text: text}}
}

func (d *Driver) audit(r *Request, action string, now time.Time, details tenants.Details) *tenants.AuditEntry {
	return &tenants.AuditEntry{
		At: now, Actor: tenants.Actor{Kind: tenants.ActorSystem, Label: "privacy"}, Action: action, Target: "privacy_request:" + r.ID.String(),
		Details: maps.Clone(details), CorrelationID: r.ID.String(),
	}
}

func inJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return "" // evidence that cannot be written would have failed before
	}
	return string(text)
}
