package archive

import (
	"context"
	"fmt"
	"time"

	"filippo.io/age"

	"github.com/observatory/observatory/tenants"
)

// Target is where events are restored to: ClickHouse.
type Target interface {
	// Begin says that events of some hours are under way, and End that they are all there: in between nobody takes what there is for the
	// whole. Where End does not follow, the hours stay so until they are restored again.
	Begin(ctx context.Context, tenant tenants.ID, hours []time.Time) error
	End(ctx context.Context, tenant tenants.ID, hours []time.Time) error
	// Present tells which events of [from, to), whole hours, there are.
	Present(ctx context.Context, tenant tenants.ID, from, to time.Time) (map[Key]struct{}, error)
	// Booked tells whether there is a ledger of the tenant.
	Booked(ctx context.Context, tenant tenants.ID) (bool, error)
	// Insert stores events. The same again are replaced by the store.
	Insert(ctx context.Context, tenant tenants.ID, events []Event) error
}

// Verdict is what becomes of an event that comes back.
type Verdict struct {
	Out    bool // it is somebody's who was erased, or is suppressed
	Hold   bool // it is somebody's whose data is not to be used
	Unlink bool // it is somebody else's, and comes back without its anonymous ID
}

// Judge knows whose events may come back: the suppressions.
type Judge func(ctx context.Context, tenant tenants.ID, e *Event) (Verdict, error)

// RestoreInput says what is restored.
type RestoreInput struct {
	Tenant   tenants.ID
	From, To time.Time  // whole hours of the events' time, To not included; zero: from the first, to the last
	Into     tenants.ID // here; zero: the same
	Identity age.Identity
	Target   Target
	Judge    Judge
	Done     func(Restored) // after each day; nil: nobody wants to know
}

// Restored is what came of a day, in events.
type Restored struct {
	Date     string
	Archived int64  // in the archive
	Stored   int64  // put into the store
	Present  int64  // that were there
	Out      int64  // that must not come back
	Held     int64  // that must not be used, and were left where they are
	Unlinked int64  // that came back without their anonymous ID
	Passed   Digest // of those that may be there: Stored and Present, as the archive has them
}

// Restore puts the events of an archive into a store, under their own IDs, times and receipts. Nobody who was erased or suppressed comes
// back. What is there already stays as it is. It may be called again after a crash: what it has done then counts as present.
//
// It goes straight into the store and not through the log: every event keeps the batch that brought it, so that it counts in the ledger
// exactly where it counted before, or not at all where there is no ledger of it.
func Restore(ctx context.Context, storage Storage, in RestoreInput) ([]Restored, error) {
	if in.Into.IsZero() {
		in.Into = in.Tenant
	}
	dates, err := Days(ctx, storage, in.Tenant)
	if err != nil {
		return nil, err
	}
	booked, err := in.Target.Booked(ctx, in.Into)
	if err != nil {
		return nil, err
	}
	var all []Restored
	for _, date := range dates {
		if first, err := start(date, 0); err != nil || !in.meets(first, first.AddDate(0, 0, 1)) {
			continue
		}
		m, err := readManifest(ctx, storage, in.Tenant, date)
		if err != nil {
			return all, err
		}
		r := Restored{Date: date}
		if err := in.day(ctx, storage, m, booked, &r); err != nil {
			return all, fmt.Errorf("restore %s: %w", date, err)
		}
		all = append(all, r)
		if in.Done != nil {
			in.Done(r)
		}
	}
	return all, nil
}

// meets tells whether a stretch of time is among those that are restored.
func (in *RestoreInput) meets(from, to time.Time) bool {
	return (in.To.IsZero() || from.Before(in.To)) && (in.From.IsZero() || to.After(in.From))
}

// day restores the files of a day.
func (in *RestoreInput) day(ctx context.Context, storage Storage, m Manifest, booked bool, r *Restored) error {
	var files []File
	var hours []time.Time
	for _, f := range m.Files {
		at, err := start(m.Date, f.Hour)
		if err == nil && f.Name != "" && in.meets(at, at.Add(time.Hour)) {
			files, hours = append(files, f), append(hours, at)
		}
	}
	if len(files) == 0 {
		return nil
	}
	if err := in.Target.Begin(ctx, in.Into, hours); err != nil {
		return err
	}
	present, err := in.Target.Present(ctx, in.Into, hours[0], hours[len(hours)-1].Add(time.Hour))
	if err != nil {
		return err
	}
	t := &taking{in: in, booked: booked, present: present, r: r}
	for _, f := range files {
		key := dayFolder(in.Tenant, m.Date) + f.Name
		if err := verifyBytes(ctx, storage, key, f); err != nil {
			return err
		}
		file, err := openFile(ctx, storage, key, f, in.Identity)
		if err != nil {
			return err
		}
		if err := eachEvent(file.RowGroups(), func(events []Event) error { return t.take(ctx, events) }); err != nil {
			return err
		}
	}
	if err := t.flush(ctx); err != nil {
		return err
	}
	return in.Target.End(ctx, in.Into, hours)
}

// taking carries events of a day into the store, many at once.
type taking struct {
	in      *RestoreInput
	booked  bool
	present map[Key]struct{}
	block   []Event
	r       *Restored
}

func (t *taking) take(ctx context.Context, events []Event) error {
	for i := range events {
		e := events[i]
		t.r.Archived++
		v, err := t.in.Judge(ctx, t.in.Into, &e)
		switch {
		case err != nil:
			return err
		case v.Out:
			t.r.Out++
			continue
		case v.Hold:
			t.r.Held++
			continue
		case v.Unlink:
			t.r.Unlinked++
			e.AnonymousID = ""
		}
		t.r.Passed.Add(&e)
		if _, there := t.present[e.key()]; there {
			t.r.Present++
			continue
		}
		if !t.booked {
			e.RerunID = none() // it counts in the ledger whatever batch brought it, and here nothing has been counted
		}
		t.block = append(t.block, e)
	}
	const atOnce = 20_000
	if len(t.block) < atOnce {
		return nil
	}
	return t.flush(ctx)
}

func (t *taking) flush(ctx context.Context) error {
	if len(t.block) == 0 {
		return nil
	}
	err := t.in.Target.Insert(ctx, t.in.Into, t.block)
	t.r.Stored += int64(len(t.block))
	t.block = t.block[:0]
	return err
}
