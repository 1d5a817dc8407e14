package people_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/analytics/people"
	"github.com/observatory/observatory/internal/jobs"
	"github.com/observatory/observatory/tenants"
)

// slow is a store in which stitching takes a time, by a clock of its own.
type slow struct {
	at      time.Time
	takes   time.Duration
	touched []tenants.ID
	ago     time.Duration // that was asked for
	links   int
}

func (s *slow) now() time.Time { return s.at }

func (s *slow) Touched(_ context.Context, ago time.Duration) ([]tenants.ID, error) {
	s.ago = ago
	return s.touched, nil
}

func (s *slow) Relink(context.Context, tenants.ID) (people.Relinked, error) {
	s.at = s.at.Add(s.takes)
	s.links++
	return people.Relinked{}, nil
}

func (s *slow) Marked(context.Context, tenants.ID, people.Relinked) error     { return nil }
func (s *slow) MarkHours(context.Context, tenants.ID, []time.Time) error      { return nil }
func (s *slow) Enqueue(context.Context, ...jobs.Job) ([]jobs.Enqueued, error) { return nil, nil }
func (s *slow) Note(context.Context, jobs.Held, jobs.Note) (jobs.Wanted, error) {
	return jobs.WantRun, nil
}

// Stitching that takes long is followed by a rest, and by a second look at what has changed since it began.
func TestStitchingRests(t *testing.T) {
	t.Parallel()
	tenant := tenants.NewID()
	s := &slow{at: minute(0), takes: 100 * time.Millisecond, touched: []tenants.ID{tenant}}
	stitcher := people.NewStitcher(people.NewLinker(s, s), s, s.now)
	var cursor json.RawMessage
	run := func() error {
		r := jobs.NewRun(jobs.Claim{Held: jobs.Held{ID: uuid.New(), Attempt: 1}, Tenant: uuid.UUID(tenant), Cursor: cursor}, s, func() bool { return false })
		return stitcher.Stitch(t.Context(), r)
	}
	require.NoError(t, run(), "it was quick")

	s.takes = 4 * time.Second
	began := s.at
	after, yields := jobs.Yielded(run())
	require.True(t, yields)
	require.Equal(t, 40*time.Second, after)

	cursor, _ = json.Marshal(map[string]time.Time{"began": began})
	s.at = s.at.Add(after)
	_, yields = jobs.Yielded(run())
	require.True(t, yields, "something has changed meanwhile")
	require.Equal(t, 44*time.Second, s.ago)
	require.Equal(t, 3, s.links)

	s.touched = []tenants.ID{tenants.NewID()}
	require.NoError(t, run(), "nothing of this tenant has changed")
	require.Equal(t, 3, s.links)
}
