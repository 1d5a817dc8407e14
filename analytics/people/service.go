package people

import (
	"context"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/observatory/observatory/analytics"
	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/tenants"
)

// Bounds of what one question may ask, and of what is looked at to answer it.
const (
	DefaultLimit  = 50
	MaxLimit      = 500
	MaxIDs        = 1_000 // of one person, those that are looked at
	MaxStatements = 5_000 // identify, group and alias events of one person, the newest
	MaxChanges    = 500   // of traits, the newest
	maxIDLength   = 256   // characters
)

// The faults of this package; besides them there are those of analytics.Store.
var (
	ErrPersonNotFound = fault.New(fault.NotFound, "person_not_found", "No stored event carries this ID, or none did at that time.")
	ErrLimitInvalid   = fault.New(fault.Invalid, analytics.CodeLimitInvalid, "limit must be from 1 to %d.", MaxLimit)
	ErrTooMany        = fault.New(fault.Invalid, "people_too_many", "More people, or IDs of them, are meant than can be looked up together.")
	ErrAsOfInvalid    = fault.New(fault.Invalid, "as_of_invalid", "as_of must lie between the years 1970 and 2100.")
)

// Store finds what events say about people. Every method sees its tenant's and no others'; its faults are those of analytics.Store.
type Store interface {
	// Recent are up to limit people, who was seen last first, and the place of the last one when there are more. It begins after a place;
	// nil is the beginning.
	Recent(ctx context.Context, tenant tenants.ID, after *Place, limit int) ([]Summary, *Place, error)
	// IDs are the IDs that belong to the same person as this one, itself among them, at most MaxIDs.
	IDs(ctx context.Context, tenant tenants.ID, id string) ([]string, error)
	// Sightings are all events up to an instant, inclusive, that carry one of these IDs, by pairs of IDs.
	Sightings(ctx context.Context, tenant tenants.ID, ids []string, until time.Time) ([]Sighting, error)
	// Statements are the identify and group events with one of these IDs, and the aliases of them, up to an instant, inclusive: the newest
	// MaxStatements.
	Statements(ctx context.Context, tenant tenants.ID, ids []string, until time.Time) ([]Statement, []Alias, error)
	// Timeline is a page of the events whose identity is one of these IDs, newest first, up to an instant, inclusive.
	Timeline(ctx context.Context, tenant tenants.ID, ids []string, in TimelineInput) ([]analytics.Event, *analytics.Position, error)
}

// TimelineInput is a page of a timeline. All its parts are valid.
type TimelineInput struct {
	Until time.Time
	Limit int
	After *analytics.Position // nil begins with the newest
}

// Deps are what a Service needs.
type Deps struct {
	Store Store
	Now   func() time.Time
}

// Service answers questions about people.
type Service struct {
	store Store
	now   func() time.Time
}

// New makes a Service. It panics when something is missing, which is a mistake in the wiring.
func New(d Deps) *Service {
	if d.Store == nil || d.Now == nil {
		panic("people: Deps needs Store and Now")
	}
	return &Service{store: d.Store, now: d.Now}
}

// Profile returns what is known about the person whose ID this is, as of an instant; the zero time is now. As of then the person had no IDs
// but those that were linked by then; which IDs are a user's is taken from all events. Faults: person_not_found, as_of_invalid, those of Store.
func (s *Service) Profile(ctx context.Context, tenant tenants.ID, id string, asOf time.Time) (Profile, error) {
	p, _, err := s.profile(ctx, tenant, id, asOf)
	return p, err
}

// profile returns the statements about the person as well.
func (s *Service) profile(ctx context.Context, tenant tenants.ID, id string, asOf time.Time) (Profile, []Statement, error) {
	if asOf.IsZero() {
		asOf = analytics.LatestTime().Add(-time.Millisecond) // senders' clocks may be ahead of ours
	}
	if asOf.Before(analytics.EarliestTime()) || !asOf.Before(analytics.LatestTime()) {
		return Profile{}, nil, ErrAsOfInvalid
	}
	if id == "" || !utf8.ValidString(id) || utf8.RuneCountInString(id) > maxIDLength {
		return Profile{}, nil, ErrPersonNotFound
	}
	ids, err := s.store.IDs(ctx, tenant, id)
	if err != nil {
		return Profile{}, nil, fmt.Errorf("find the person's IDs: %w", err)
	}
	seen, err := s.store.Sightings(ctx, tenant, ids, asOf)
	if err != nil {
		return Profile{}, nil, fmt.Errorf("find the person's events: %w", err)
	}
	said, aliases, err := s.store.Statements(ctx, tenant, ids, asOf)
	if err != nil {
		return Profile{}, nil, fmt.Errorf("find what is said about the person: %w", err)
	}
	truncated := len(said)+len(aliases) >= MaxStatements
	p, said, err := compose(id, ids, seen, aliases, said)
	if err != nil {
		return Profile{}, nil, err
	}
	p.AsOf = asOf
	if now := s.now(); p.AsOf.After(now) {
		p.AsOf = now
	}
	p.Truncated = truncated
	return p, said, nil
}

// History returns how the traits of the person came about, newest first, at most MaxChanges. Faults: those of Profile.
func (s *Service) History(ctx context.Context, tenant tenants.ID, id string, asOf time.Time) ([]Change, error) {
	_, said, err := s.profile(ctx, tenant, id, asOf)
	if err != nil {
		return nil, err
	}
	changes := History(said)
	return changes[:min(len(changes), MaxChanges)], nil
}

// TimelineQuery asks for the events of a person, newest first.
type TimelineQuery struct {
	ID     string
	AsOf   time.Time // the zero time: now
	Limit  int       // 1 to MaxLimit; 0 means DefaultLimit
	Cursor string    // NextCursor of the page before
}

// Timeline returns a page of the events of the person whose ID this is, whichever ID they carry. Faults: those of Profile, limit_invalid,
// cursor_invalid.
func (s *Service) Timeline(ctx context.Context, tenant tenants.ID, q TimelineQuery) (analytics.EventsPage, error) {
	limit, err := limitOf(q.Limit)
	if err != nil {
		return analytics.EventsPage{}, err
	}
	in := TimelineInput{Until: q.AsOf, Limit: limit}
	if q.Cursor != "" {
		after, err := analytics.ParseCursor(q.Cursor)
		if err != nil {
			return analytics.EventsPage{}, err
		}
		in.After = &after
	}
	p, err := s.Profile(ctx, tenant, q.ID, q.AsOf)
	if err != nil {
		return analytics.EventsPage{}, err
	}
	if in.Until.IsZero() {
		in.Until = analytics.LatestTime().Add(-time.Millisecond)
	}
	ids := make([]string, 0, len(p.IDs))
	for _, id := range p.IDs {
		ids = append(ids, id.ID)
	}
	events, next, err := s.store.Timeline(ctx, tenant, ids, in)
	if err != nil {
		return analytics.EventsPage{}, fmt.Errorf("list the person's events: %w", err)
	}
	page := analytics.EventsPage{Events: events}
	if next != nil {
		page.NextCursor = next.Cursor()
	}
	return page, nil
}

func limitOf(limit int) (int, error) {
	if limit == 0 {
		limit = DefaultLimit
	}
	if limit < 1 || limit > MaxLimit {
		return 0, ErrLimitInvalid
	}
	return limit, nil
}
