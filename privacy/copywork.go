package privacy

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/tenants"
)

// What the driver does about copies.

// Steps that are no copies.
const (
	exportStep  = "export"  // the one of an export
	releaseStep = "release" // of what was held, where somebody is not restricted any more
)

var errNoCopy = fault.New(fault.Unavailable, "privacy_copy_unknown", "This server does not know the copy.")

func (r *Request) operation(people []Person) Operation {
	op := Operation{ID: uuid.UUID(r.ID), Subjects: Everybody(people), ReceivedBefore: r.Changed}
	if r.Position != nil {
		op.ReceivedBefore = r.Position.ReceivedBefore
	}
	return op
}

func (d *Driver) count(ctx context.Context, r *Request, people []Person, i int) error {
	c, ok := d.byName[r.Steps[i].Copy]
	if !ok {
		return errNoCopy
	}
	h, err := c.Find(ctx, r.Tenant, r.operation(people))
	if err != nil {
		return fmt.Errorf("count in %s: %w", c.Name(), err)
	}
	return d.change(ctx, r, func(r *Request, _ time.Time) Change {
		r.counted(i, h)
		return Change{}
	})
}

func (d *Driver) empty(ctx context.Context, r *Request, people []Person, i int) (waits bool, err error) {
	e, done, err := d.emptyCopy(ctx, r, r.operation(people), r.Steps[i].Copy)
	if err != nil || !done {
		return !done, err
	}
	return false, d.change(ctx, r, func(r *Request, now time.Time) Change {
		r.emptied(i, e, now)
		return d.said(r, i, now)
	})
}

func (d *Driver) emptyCopy(ctx context.Context, r *Request, op Operation, name string) (e Evidence, done bool, err error) {
	switch r.Type {
	case Export:
		e, err = d.Exporter.Export(ctx, r.Tenant, op)
		return e, true, err
	case Unsuppress:
		return d.Releases.Release(ctx, r.Tenant, op.ID)
	case Erase, Suppress, Restrict, Offboard:
	}
	c, ok := d.byName[name]
	if !ok {
		return nil, false, errNoCopy
	}
	if r.Type == Restrict {
		holder, ok := c.(Holder)
		if !ok {
			return nil, false, errNoCopy
		}
		e, err = holder.Hold(ctx, r.Tenant, op)
		return e, true, err
	}
	e, err = c.Erase(ctx, r.Tenant, op)
	return e, true, err
}

func (d *Driver) look(ctx context.Context, r *Request, people []Person, i int) (waits bool, err error) {
	c, ok := d.byName[r.Steps[i].Copy]
	if !ok {
		return false, errNoCopy
	}
	v, err := c.Verify(ctx, r.Tenant, r.operation(people))
	if err != nil {
		return false, fmt.Errorf("look through %s: %w", c.Name(), err)
	}
	return v.Left > 0 || v.Pending != "", d.change(ctx, r, func(r *Request, now time.Time) Change {
		r.looked(i, v, d.Patience, now)
		return d.said(r, i, now)
	})
}

// said is what the history and the audit log say of a step that has come further.
func (d *Driver) said(r *Request, i int, now time.Time) Change {
	s := &r.Steps[i]
	switch s.State {
	case StepErased:
		if s.Erased.Equal(now) && s.Before.Items > 0 {
			return Change{Moments: r.moment(now, fmt.Sprintf("%s: of %d %s nobody sees anything any more.", s.Copy, s.Before.Items, s.Before.Unit))}
		}
	case StepClear, StepFailed:
		text := fmt.Sprintf("%s: nothing is left.", s.Copy)
		switch {
		case s.State == StepFailed:
			text = fmt.Sprintf("%s: given up after many attempts.", s.Copy)
		case r.Type == Export:
			text = "The file is written."
		case r.Type == Unsuppress:
			text = "What was held is given back."
		}
		moments := r.moment(now, text)
		if s.State == StepClear && s.Before.Items == 0 && (r.Type == Erase || r.Type == Restrict) {
			moments = nil // there was nothing: the list of copies says so
		}
		return Change{
			Moments: moments,
			Audit: d.audit(r, "privacy_request.copy_"+string(s.State), now, tenants.Details{
				"copy": s.Copy, "before": strconv.FormatInt(s.Before.Items, 10), "after": strconv.FormatInt(s.After, 10), "unit": s.Before.Unit, "evidence": inJSON(s.Evidence),
			}),
		}
	case StepWaiting, StepCounted:
	}
	return Change{}
}
