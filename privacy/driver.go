package privacy

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/internal/jobs"
	"github.com/observatory/observatory/tenants"
)

// DriverDeps are what a Driver works with.
type DriverDeps struct {
	Requests     Requests
	Resolver     Resolver
	Suppressions Suppressions
	Standings    SuppressionList
	Barriers     Barriers
	Copies       []Copy // in the order in which they are emptied: what others are made of comes first
	Releases     Releases
	Exporter     Exporter
	Certifier    Certifier
	Patience     time.Duration // for how long a copy that fails is tried; 0 means 72 hours
	Now          func() time.Time
	Logger       *slog.Logger
}

// Driver carries requests out, one small step after another. It may be killed between any two of them, and in the middle of each.
type Driver struct {
	DriverDeps
	byName map[string]Copy
}

// patience is for how long a copy that fails is tried before the request ends without it; countPatience is for how long a count is.
const (
	patience      = 72 * time.Hour
	countPatience = 10 * time.Minute
)

// NewDriver makes a Driver. No two copies have the same name.
func NewDriver(d DriverDeps) (*Driver, error) {
	if d.Patience == 0 {
		d.Patience = patience
	}
	driver := &Driver{DriverDeps: d, byName: make(map[string]Copy, len(d.Copies))}
	for _, c := range d.Copies {
		if _, twice := driver.byName[c.Name()]; twice {
			return nil, fmt.Errorf("two copies are named %s", c.Name())
		}
		driver.byName[c.Name()] = c
	}
	return driver, nil
}

// Advance goes on with a request for as long as it does not have to wait; then it returns an error that yields.
func (d *Driver) Advance(ctx context.Context, run *jobs.Run, a Advance) error {
	tried := map[int]bool{}
	for {
		r, err := d.Requests.Get(ctx, tenants.ID(run.Tenant), ID(a.Request))
		if errors.Is(err, ErrNoSuchRequest) {
			return jobs.Permanent(err)
		}
		if err != nil {
			return err
		}
		if err := run.Progress(ctx, r.ended(), int64(len(r.Steps)), string(r.State)); err != nil {
			return err
		}
		action, i := r.Next(tried)
		if action == Rest {
			return nil
		}
		waits := action == Wait
		if !waits {
			if waits, err = d.do(ctx, &r, action, i); err != nil {
				return err
			}
		}
		switch {
		case waits && i < 0:
			return jobs.Yield(pause(d.now().Sub(r.Changed)))
		case waits:
			tried[i] = true
		case action == Bar:
			return jobs.Yield(0) // nobody's suppression waits until another's copies are emptied
		}
	}
}

// pause is how long a request waits before it is looked at again: longer, the longer it has its state.
func pause(since time.Duration) time.Duration {
	const (
		least = 500 * time.Millisecond
		most  = time.Minute
		share = 10
	)
	return min(max(since/share, least), most)
}

func (d *Driver) now() time.Time { return d.Now().UTC().Truncate(time.Microsecond) }

// errMoved means that somebody changed the request meanwhile: what was done is looked at anew.
var errMoved = errors.New("the request was changed meanwhile")

// do does one action. Where that fails, it writes down why and waits; its error means that not even that could be done.
func (d *Driver) do(ctx context.Context, r *Request, action Action, i int) (waits bool, err error) {
	people, err := d.people(ctx, r)
	if err == nil {
		waits, err = d.act(ctx, r, people, action, i)
	}
	switch {
	case err == nil:
		return waits, nil
	case errors.Is(err, errMoved):
		return false, nil
	case ctx.Err() != nil:
		return false, ctx.Err()
	}
	why := fault.From(err).Message
	d.Logger.Warn("a privacy request is held up; it is tried again", "request", r.ID.String(), "tenant", r.Tenant.String(), "action", string(action), "copy", r.copyName(i), "error", scrub(err.Error(), people))
	final := action == Resolve && fault.KindOf(err) == fault.Invalid
	err = d.change(ctx, r, func(r *Request, now time.Time) Change {
		switch {
		case final:
			r.unknowable(why, now)
			return Change{Forget: true, Moments: r.moment(now, why), Audit: d.audit(r, "privacy_request.failed", now, nil)}
		case i < 0:
			r.Waiting = why
		case action == Count:
			r.uncounted(i, why, countPatience, now)
		default:
			r.troubled(i, why, d.Patience, now)
			return d.said(r, i, now)
		}
		return Change{}
	})
	if errors.Is(err, errMoved) {
		return false, nil
	}
	return !final, err
}

// change writes down what an action has come to, unless the request was changed by somebody else since it was read.
func (d *Driver) change(ctx context.Context, before *Request, fn func(*Request, time.Time) Change) error {
	_, err := d.Requests.Change(ctx, before.Tenant, before.ID, func(r *Request) (Change, error) {
		if r.State != before.State || r.Asleep != before.Asleep || r.Mark != before.Mark || r.Closing != before.Closing {
			return Change{}, errMoved
		}
		return fn(r, d.now()), nil
	})
	return err
}

// people are those whom the request is about.
func (d *Driver) people(ctx context.Context, r *Request) ([]Person, error) {
	if r.Number == 0 {
		return nil, nil
	}
	people, err := d.Requests.People(ctx, r.Tenant, r.ID, 0, MaxSubjects)
	if err != nil {
		return nil, fmt.Errorf("read whom the request is about: %w", err)
	}
	if len(people) != r.Number {
		return nil, fmt.Errorf("of %d subjects %d are known", r.Number, len(people))
	}
	return people, nil
}

// scrub takes the identifiers of people out of the text of an error: logs hold nothing about subjects.
func scrub(text string, people []Person) string {
	var pairs []string
	hide := func(values ...string) {
		for _, v := range values {
			pairs = append(pairs, v, "[subject]")
		}
	}
	for _, p := range people {
		hide(p.Given.Value)
		hide(p.UserIDs...)
		hide(p.AnonymousIDs...)
		for _, i := range p.Properties {
			hide(i.Value)
		}
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

func (r *Request) copyName(i int) string {
	if i < 0 {
		return ""
	}
	return r.Steps[i].Copy
}

// ended counts the steps that nothing happens to any more.
func (r *Request) ended() (n int64) {
	for _, s := range r.Steps {
		if s.State.Final() {
			n++
		}
	}
	return n
}
