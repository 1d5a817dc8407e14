package erasure_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/ingest/repair"
	"github.com/observatory/observatory/internal/follow"
	"github.com/observatory/observatory/internal/jobs"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/tenants"
)

// Who somebody is may be told by one event alone, and that may still lie in the log when their erasure is asked for, or be run again before
// anybody has looked. Everything of them goes all the same.
func TestWhatJoinsIsSeen(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1, time.Second)
	h.start(t)
	alias := map[string]any{"previous_id": "older"}
	account := map[string]any{"account": "account"}
	for name, c := range map[string]struct { //nolint:paralleltest // they share the node and its gates
		stored, joins []*sent // before the request, and when it is filed still in the log
		by            privacy.Identifier
		rerun         bool // what is stored is run again before anybody looks
	}{
		"a device": {
			stored: []*sent{just(2, "user", "", nil), just(2, "", "device", nil)}, joins: []*sent{just(2, "user", "device", nil)},
			by: privacy.Identifier{Kind: privacy.AnonymousID, Value: "device"},
		},
		"a device, run again": {
			stored: []*sent{just(2, "user", "", nil), just(2, "", "device", nil)}, joins: []*sent{just(2, "user", "device", nil)},
			by: privacy.Identifier{Kind: privacy.AnonymousID, Value: "device"}, rerun: true,
		},
		"an older ID": {
			stored: []*sent{just(2, "user", "", nil), just(2, "older", "", nil)}, joins: []*sent{just(2, "user", "", alias)},
			by: privacy.Identifier{Kind: privacy.UserID, Value: "older"},
		},
		"a property": {
			stored: []*sent{just(2, "user", "", nil)}, joins: []*sent{just(2, "user", "", account)},
			by: privacy.Identifier{Kind: privacy.Property, Path: "properties.account", Value: "account"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, x := t.Context(), newHistory(h, 1)
			other := just(2, "other", "", nil)
			require.NoError(t, x.send(ctx, append(c.stored, other)))
			require.NoError(t, h.node.sink.WaitSettled(ctx, h.node.log.End()))
			h.reads.shut(t)
			require.NoError(t, x.send(ctx, c.joins))
			r := x.filed(t, c.by)
			x.until(t, r, privacy.Barrier, "still to store")
			h.reads.open()
			require.NoError(t, h.node.sink.WaitSettled(ctx, h.node.log.End()))
			if c.rerun {
				require.NoError(t, x.mask(ctx))
				require.NoError(t, h.pipeline.Rulebook().Refresh(ctx))
				require.NoError(t, x.replay(ctx))
				require.Positive(t, x.replayed(t).Progress.Counts.Stored)
			}
			x.carry(t, r)
			require.Equal(t, []string{other.id}, keys(x.stored(t)))
		})
	}
	h.rest()
}

// Another person's event with the erased one's device may be on its way into place again, in a batch that was begun before anything was erased.
// It is waited for before the first copy is emptied, or the device would be back.
func TestWhatIsRunAgainIsAwaited(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1, time.Second)
	h.start(t)
	ctx, x := t.Context(), newHistory(h, 1)
	first, home, guest := just(3, "user", "device", nil), just(2, "other", "laptop", nil), just(2, "other", "device", nil) // the device is theirs who had it first
	for _, e := range []*sent{first, home, guest} {
		require.NoError(t, x.send(ctx, []*sent{e}))
	}
	require.NoError(t, h.node.sink.WaitSettled(ctx, h.node.log.End()))
	require.NoError(t, x.mask(ctx))
	require.NoError(t, h.pipeline.Rulebook().Refresh(ctx))

	r := x.filed(t, privacy.Identifier{Kind: privacy.UserID, Value: "user"})
	driver := x.driver(t)
	erasing := false
	driver.Suppressions = puts(func(ctx context.Context, tenant tenants.ID, request uuid.UUID, entries []privacy.Entry) (follow.Mark, error) {
		if entries[0].Erased != nil && !erasing {
			erasing = true
			arrives := h.writes.shut(t)
			require.NoError(t, x.replay(ctx))
			<-arrives
		}
		return h.control.Suppressions().Put(ctx, tenant, request, entries)
	})
	x.advanceUntil(t, driver, r, privacy.Deleting, "still to store")
	got, err := h.requests.Get(ctx, x.tenant, r)
	require.NoError(t, err)
	require.False(t, slices.ContainsFunc(got.Steps, func(s privacy.Step) bool { return s.Began != nil }), "a copy was emptied too early")
	h.writes.open()
	require.Positive(t, x.replayed(t).Progress.Counts.Stored)
	x.carry(t, r)
	rows := x.stored(t)
	require.ElementsMatch(t, []string{home.id, guest.id}, keys(rows))
	require.Equal(t, "laptop", rows[home.id].anonymous)
	require.Empty(t, rows[guest.id].anonymous)
	h.rest()
}

// just is an event of which is known what it says.
func just(hoursAgo int, user, anonymous string, properties map[string]any) *sent {
	s := &sent{id: uuid.NewString(), user: user, anon: anonymous, name: usual}
	all := map[string]any{"event_id": s.id, "timestamp": time.Now().UTC().Add(time.Duration(-hoursAgo) * time.Hour).Format(time.RFC3339), "properties": map[string]any{"note": "n"}}
	if properties != nil {
		all["properties"] = properties
	}
	if properties["previous_id"] != nil {
		s.name, all["type"] = "alias", "alias"
	}
	all["event"] = s.name
	if user != "" {
		all["user_id"] = user
	}
	if anonymous != "" {
		all["anonymous_id"] = anonymous
	}
	text, _ := json.Marshal(all)
	s.text = string(text)
	return s
}

type puts func(ctx context.Context, tenant tenants.ID, request uuid.UUID, entries []privacy.Entry) (follow.Mark, error)

func (p puts) Put(ctx context.Context, tenant tenants.ID, request uuid.UUID, entries []privacy.Entry) (follow.Mark, error) {
	return p(ctx, tenant, request, entries)
}

// filed has somebody erased.
func (x *history) filed(t *testing.T, who privacy.Identifier) privacy.ID {
	require.NoError(t, x.file(t.Context(), privacy.Filing{Type: privacy.Erase, Suppress: true, Subjects: []privacy.Identifier{who}}))
	return x.asked[0].id
}

func (x *history) driver(t *testing.T) *privacy.Driver {
	d, err := x.h.driver(&fuse{left: -1}, x.isAbout)
	require.NoError(t, err)
	return d
}

// carry carries a request out.
func (x *history) carry(t *testing.T, id privacy.ID) {
	driver := x.driver(t)
	require.NoError(t, eventually(t.Context(), func(ctx context.Context) error {
		return driver.Advance(ctx, jobs.Unwatched(uuid.UUID(x.tenant)), privacy.Advance{Request: uuid.UUID(id)})
	}))
	r, err := x.h.requests.Get(t.Context(), x.tenant, id)
	require.NoError(t, err)
	require.Equal(t, privacy.Completed, r.State)
}

// until carries a request out until it is in a state and waits for something.
func (x *history) until(t *testing.T, id privacy.ID, state privacy.State, waits string) {
	x.advanceUntil(t, x.driver(t), id, state, waits)
}

func (x *history) advanceUntil(t *testing.T, driver *privacy.Driver, id privacy.ID, state privacy.State, waits string) {
	require.NoError(t, eventually(t.Context(), func(ctx context.Context) error {
		err := driver.Advance(ctx, jobs.Unwatched(uuid.UUID(x.tenant)), privacy.Advance{Request: uuid.UUID(id)})
		require.Error(t, err, "it is over, and has not waited")
		if _, yields := jobs.Yielded(err); !yields {
			return err
		}
		r, err := x.h.requests.Get(ctx, x.tenant, id)
		if err == nil && (r.State != state || !strings.Contains(r.Waiting, waits)) {
			err = fmt.Errorf("it is %s and waits for %q", r.State, r.Waiting)
		}
		return err
	}))
}

// replayed is the only replay, once it is over.
func (x *history) replayed(t *testing.T) (r repair.Replay) {
	require.NoError(t, eventually(t.Context(), func(ctx context.Context) error {
		all, err := x.h.replays.List(ctx, x.tenant, nil, 1)
		if err == nil && all[0].State != repair.Done {
			return fmt.Errorf("it is %s", all[0].State)
		}
		r = all[0]
		return err
	}))
	return r
}
