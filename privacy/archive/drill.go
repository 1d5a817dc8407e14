package archive

import (
	"context"
)

// Drilled is what a drill has shown of a day.
type Drilled struct {
	Restored
	Rebuilt Digest // what there is in the scratch store
	Equal   bool   // it is what the archive holds, without those who must not come back
	Live    Digest // what there is in the live store
	Same    bool   // the live store holds the same
}

// Drill restores a tenant's archive into a scratch store, and compares, day by day, what is there then with the archive, and with the live
// store as it is now. Days whose events have changed since they were archived are not the same; the worker writes them soon.
func Drill(ctx context.Context, storage Storage, in RestoreInput, scratch, live Source) ([]Drilled, error) {
	all, err := Restore(ctx, storage, in)
	if err != nil {
		return nil, err
	}
	into := in.Into
	if into.IsZero() {
		into = in.Tenant
	}
	var drilled []Drilled
	for _, r := range all {
		d := Drilled{Restored: r}
		from, err := start(r.Date, 0)
		if err != nil {
			return nil, err
		}
		to := from.AddDate(0, 0, 1)
		for source, digest := range map[Source]*Digest{scratch: &d.Rebuilt, live: &d.Live} {
			if err := source.Events(ctx, into, from, to, digest.addAll); err != nil {
				return nil, err
			}
		}
		d.Equal, d.Same = d.Rebuilt.Same(r.Passed), d.Live.Same(r.Passed)
		drilled = append(drilled, d)
	}
	return drilled, nil
}

func (d *Digest) addAll(events []Event) error {
	for i := range events {
		d.Add(&events[i])
	}
	return nil
}
