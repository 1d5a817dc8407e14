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

// exportStep is the one step of an export.
const exportStep = "export"

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

func (d *Driver) empty(ctx context.Context, r *Request, people []Person, i int) error {
	e, err := d.emptyCopy(ctx, r, r.operation(people), r.Steps[i].Copy)
	if err != nil {
		return err
	}
	return d.change(ctx, r, func(r *Request, now time.Time) Change {
		r.emptied(i, e, now)
		return d.said(r, i, now)
	})
}

func (d *Driver) emptyCopy(ctx context.Context, r *Request, op Operation, name string) (Evidence, error) {
	if r.Type == Export {
		return d.Exporter.Export(ctx, r.Tenant, op)
	}
	c, ok := d.byName[name]
	if !ok {
		return nil, errNoCopy
	}
	if r.Type == Erase {
		return c.Erase(ctx, r.Tenant, op)
	}
	holder, ok := c.(Holder)
	if !ok {
		return nil, errNoCopy
	}
	if r.Type == Unsuppress {
		return holder.Release(ctx, r.Tenant, op)
	}
	return holder.Hold(ctx, r.Tenant, op)
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
		if s.Erased.Equal(now) {
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
			text = fmt.Sprintf("%s: what was held is given back.", s.Copy)
		}
		return Change{
			Moments: r.moment(now, text),
			Audit: d.audit(r, "privacy_request.copy_"+string(s.State), now, tenants.Details{
				"copy": s.Copy, "before": strconv.FormatInt(s.Before.Items, 10), "after": strconv.FormatInt(s.After, 10), "unit": s.Before.Unit, "evidence": inJSON(s.Evidence),
			}),
		}
	case StepWaiting, StepCounted:
	}
	return Change{}
}
