package analytics

import (
	"context"
	"slices"

	"github.com/observatory/observatory/tenants"
)

// Uses are told which properties questions are about, so that what nobody asks about can be found. They take no time worth speaking of.
type Uses interface {
	// Used says that somebody asked about these paths of events with this name ("" is any).
	Used(tenant tenants.ID, event string, paths []string)
}

// Recording is the store, with uses told of every question.
func Recording(store Store, uses Uses) Store { return recording{Store: store, uses: uses} }

type recording struct {
	Store
	uses Uses
}

// Measure implements Store.
func (r recording) Measure(ctx context.Context, tenant tenants.ID, in MeasureInput) (Measured, error) {
	r.uses.Used(tenant, in.Event, slices.DeleteFunc(append(in.Filter.paths(), in.Property, in.Breakdown), func(p string) bool { return p == "" }))
	return r.Store.Measure(ctx, tenant, in)
}

// Events implements Store. What is shown of an event is no use of its properties; what it is looked for by is.
func (r recording) Events(ctx context.Context, tenant tenants.ID, in EventsInput) ([]Event, *Position, error) {
	r.uses.Used(tenant, in.Event, in.Filter.paths())
	return r.Store.Events(ctx, tenant, in)
}

// paths are those that the conditions of a filter are about.
func (f *Filter) paths() []string {
	if f == nil {
		return nil
	}
	var all []string
	if f.Property != "" {
		all = append(all, f.Property)
	}
	for _, members := range [][]Filter{f.And, f.Or} {
		for i := range members {
			all = append(all, members[i].paths()...)
		}
	}
	return append(all, f.Not.paths()...)
}
