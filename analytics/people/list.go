package people

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/observatory/observatory/analytics"
	"github.com/observatory/observatory/tenants"
)

// Place is a place in the list of people: LastAt, then Tie, both descending.
type Place struct {
	LastAt time.Time // to the millisecond
	Tie    uint64    // from the person; the store makes it
}

// Summary is a person in a list.
type Summary struct {
	Person  string
	User    bool // known by the ID of an account
	IDs     int  // how many
	Events  int64
	FirstAt time.Time
	LastAt  time.Time
	Name    string // what the person was last called, by the traits name, username or email; "" when that was never said
}

// ListQuery asks for people, those who were seen last first.
type ListQuery struct {
	ID     string // only the person whose ID this is; "" for all
	Limit  int    // 1 to MaxLimit; 0 means DefaultLimit
	Cursor string // NextCursor of the page before
}

// Page is a page of people. Who is seen meanwhile moves to its beginning, and is not met again further on.
type Page struct {
	People     []Summary
	NextCursor string // "" on the last page
}

// List returns a page of people. Faults: limit_invalid, cursor_invalid, those of Store.
func (s *Service) List(ctx context.Context, tenant tenants.ID, q ListQuery) (Page, error) {
	limit, err := limitOf(q.Limit)
	if err != nil {
		return Page{}, err
	}
	after, err := parsePlace(q.Cursor)
	if err != nil {
		return Page{}, err
	}
	if q.ID != "" {
		return s.search(ctx, tenant, q.ID)
	}
	found, next, err := s.store.Recent(ctx, tenant, after, limit)
	if err != nil {
		return Page{}, fmt.Errorf("list people: %w", err)
	}
	page := Page{People: found}
	if next != nil {
		page.NextCursor = next.cursor()
	}
	return page, nil
}

func (s *Service) search(ctx context.Context, tenant tenants.ID, id string) (Page, error) {
	p, err := s.Profile(ctx, tenant, id, time.Time{})
	if errors.Is(err, ErrPersonNotFound) {
		return Page{}, nil
	}
	if err != nil {
		return Page{}, err
	}
	found := Summary{Person: p.Person, User: p.IDs[0].User, IDs: len(p.IDs), Events: p.Events, FirstAt: p.FirstAt, LastAt: p.LastAt}
	found.Name = NameOf(p.Traits)
	return Page{People: []Summary{found}}, nil
}

// NameOf is what a person is called: the trait name, or else username or email; "" for none of them.
func NameOf(traits map[string]Trait) string {
	for _, key := range []string{"name", "username", "email"} {
		if name := textOf(traits[key].Value); name != "" {
			return name
		}
	}
	return ""
}

const (
	placeVersion = 1
	placeSize    = 1 + 8 + 8
)

// cursor makes a text of a place. It tells nothing that the last person of the page did not.
func (p Place) cursor() string {
	b := binary.BigEndian.AppendUint64([]byte{placeVersion}, uint64(p.LastAt.UnixMilli()))
	return base64.RawURLEncoding.EncodeToString(binary.BigEndian.AppendUint64(b, p.Tie))
}

// parsePlace returns nil for "", and analytics.ErrCursorInvalid for what no cursor is.
func parsePlace(cursor string) (*Place, error) {
	if cursor == "" {
		return nil, nil //nolint:nilnil // the beginning
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(b) != placeSize || b[0] != placeVersion {
		return nil, analytics.ErrCursorInvalid
	}
	p := &Place{LastAt: time.UnixMilli(int64(binary.BigEndian.Uint64(b[1:]))).UTC(), Tie: binary.BigEndian.Uint64(b[9:])}
	if p.LastAt.Before(analytics.EarliestTime()) || p.LastAt.After(analytics.LatestTime()) {
		return nil, analytics.ErrCursorInvalid
	}
	return p, nil
}
