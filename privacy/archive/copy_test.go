package archive_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/objects/objectstest"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/privacy/archive"
	"github.com/observatory/observatory/privacy/copytest"
	"github.com/observatory/observatory/tenants"
)

// The archive goes through what every copy does.
func TestCopy(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	h := newHouse(t, folder)
	copytest.Run(t, copytest.House{
		Copy: h.service.Copy(),
		Put: func(t testing.TB, tenant tenants.ID, person privacy.Subjects, receivedAt time.Time) {
			t.Helper()
			mine, device := event(person.UserIDs[0], person.AnonymousIDs[0], receivedAt), event("", person.AnonymousIDs[0], receivedAt.Add(-30*time.Hour))
			mine.ReceivedAt, device.ReceivedAt = receivedAt.UnixMilli(), receivedAt.UnixMilli()
			h.putFor(tenant, mine, device)
			h.writeFor(tenant)
		},
		Search: func(t testing.TB, text string) (found []string) {
			require.NoError(t, filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
				if err != nil || entry.IsDir() {
					return unlessGone(err)
				}
				raw, err := os.ReadFile(path)
				if err != nil {
					return unlessGone(err)
				}
				if strings.Contains(string(raw), text) {
					found = append(found, path)
				}
				if strings.HasSuffix(path, ".parquet") {
					return unlessGone(archive.ReadFile(path, func(e archive.Event) {
						if strings.Contains(fmt.Sprint(e), text) {
							found = append(found, path+" "+e.EventID)
						}
					}))
				}
				return nil
			}))
			return found
		},
	})
}

// unlessGone leaves aside what another test has removed meanwhile.
func unlessGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// erased removes what is somebody's from the store, and marks the hours.
func (h *house) erased(op privacy.Operation) {
	h.t.Helper()
	all := h.stored(h.events, h.tenant)
	var changed []archive.Event
	var ids []string
	for _, e := range all {
		if slices.Contains(op.Subjects.UserIDs, e.UserID) || e.UserID == "" && slices.Contains(op.Subjects.AnonymousIDs, e.AnonymousID) {
			changed = append(changed, e)
			ids = append(ids, e.EventID)
		}
	}
	require.NoError(h.t, h.conn.Exec(h.t.Context(), "DELETE FROM events WHERE tenant_id = {tenant:UUID} AND event_id IN {ids:Array(String)}",
		clickhouse.Named("tenant", h.tenant.String()), clickhouse.Named("ids", ids)))
	offset := h.offset.Add(100)
	h.mark(h.tenant, offset, offset, changed)
}

// Somebody is found by a property too, an address however it is written; another's event loses the anonymous ID that it carries; and what
// was received later stays.
func TestWhoIsErased(t *testing.T) {
	t.Parallel()
	h := newHouse(t, objectstest.S3(t, true))
	noon := yesterday().Add(12 * time.Hour)
	ev := func(user, anonymous, properties, context string) archive.Event {
		e := event(user, anonymous, noon)
		e.Properties, e.Context = properties, context
		return e
	}
	address := ev("u1", "", `{"email":" Anna@Example.COM"}`, `{}`)
	deep := ev("u2", "", `{}`, `{"traits":{"phone":"555"}}`)
	number := ev("u3", "", `{"customer":42}`, `{}`)
	device := ev("", "d1", `{}`, `{}`)
	carries := ev("u4", "d1", `{}`, `{}`)
	listed := ev("u6", "", `{"traits.x":{"ids":[{"id":"7"},{"id":"8"}]}}`, `{}`)
	renamed := ev("u7", "", `{"previous_id":"d1"}`, `{}`)
	renamed.Type = "alias"
	other := ev("u5", "d2", `{"email":"x@example.com","customer":"4"}`, `{"traits":{"phone":"5"}}`)
	later := ev("", "d1", `{}`, `{}`)
	later.ReceivedAt = noon.Add(time.Hour).UnixMilli()
	h.put(address, deep, number, device, carries, other, later, listed, renamed)
	h.write()
	op := privacy.Operation{ReceivedBefore: noon.Add(time.Hour), Subjects: privacy.Subjects{AnonymousIDs: []string{"d1"}, Properties: []privacy.Identifier{
		{Kind: privacy.Property, Path: "properties.email", Value: "anna@example.com"},
		{Kind: privacy.Property, Path: "context.traits.phone", Value: "555"},
		{Kind: privacy.Property, Path: "properties.customer", Value: "42"},
		{Kind: privacy.Property, Path: "properties.traits.x.ids.id", Value: "8"},
	}}}
	found, err := h.service.Copy().Find(t.Context(), h.tenant, op)
	require.NoError(t, err)
	require.Equal(t, privacy.Holding{Items: 7, Unit: "events"}, found)
	evidence, err := h.service.Copy().Erase(t.Context(), h.tenant, op)
	require.NoError(t, err)
	require.EqualValues(t, 6, evidence["events_removed"])
	require.EqualValues(t, 1, evidence["events_unlinked"])
	carries.AnonymousID = ""
	require.Equal(t, byID(carries, other, later), h.archived())
	v, err := h.service.Copy().Verify(t.Context(), h.tenant, op)
	require.NoError(t, err)
	require.Zero(t, v.Left)
	require.Empty(t, v.Pending)
	h.check()
}

// Most files need not be read to know that somebody is not in them.
func TestBloomFiltersSaveReading(t *testing.T) {
	t.Parallel()
	h := newHouse(t, t.TempDir())
	var all []archive.Event
	for hour := range 20 {
		for i := range 50 {
			all = append(all, event(fmt.Sprintf("user-%d-%d", hour, i), fmt.Sprintf("device-%d-%d", hour, i), yesterday().Add(time.Duration(hour)*time.Hour)))
		}
	}
	renamed := event("other", "", yesterday())
	renamed.Type, renamed.Properties = "alias", `{"previous_id":"user-7-3"}`
	h.put(append(all, renamed)...)
	h.write()
	op := privacy.Operation{Subjects: privacy.Subjects{UserIDs: []string{"user-7-3"}, AnonymousIDs: []string{"device-7-3"}}, ReceivedBefore: time.Now()}
	v, err := h.service.Copy().Verify(t.Context(), h.tenant, op)
	require.NoError(t, err)
	require.EqualValues(t, 2, v.Left)
	require.EqualValues(t, 20, v.Evidence["files"])
	require.LessOrEqual(t, v.Evidence["files_read_beyond_bloom_filters"], int64(5))
	nobody, err := h.service.Copy().Find(t.Context(), h.tenant, privacy.Operation{Subjects: privacy.Subjects{UserIDs: []string{strings.Repeat("x", 100)}}})
	require.NoError(t, err)
	require.Zero(t, nobody.Items)
}
