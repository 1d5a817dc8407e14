package privacych_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/ch"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/privacy/export"
	"github.com/observatory/observatory/privacy/privacych"
	"github.com/observatory/observatory/tenants"
)

// Exactly what is theirs is read, each event once, from every place that has some.
func TestRecordsAreWhatIsTheirs(t *testing.T) {
	t.Parallel()
	conn, err := ch.Open(t.Context(), testkit.ClickHouse(t))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	h := house{conn: conn}
	ours, theirs, at := tenants.NewID(), tenants.NewID(), time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, tenant := range []tenants.ID{ours, theirs} {
		batch, err := conn.PrepareBatch(t.Context(), "INSERT INTO events (tenant_id, event, type, time, event_id, user_id, anonymous_id, properties, context, received_at, receipt_id)")
		require.NoError(t, err)
		for _, e := range []event{
			{id: "of-ada", user: "ada"},
			{id: "of-ada", user: "ada"}, // sent again a week later
			{id: "before-she-was-known", anonymous: "phone"},
			{id: "of-bob-on-her-phone", user: "bob", anonymous: "phone"},
			{id: "by-address", user: "cy", properties: `{"email":"ADA@example.com "}`},
			{id: "by-number", context: `{"phone":815}`},
			{id: "of-nobody"},
			{id: "in-2099", user: "ada", time: time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC)},
		} {
			if e.time.IsZero() {
				e.time = at
			}
			require.NoError(t, batch.Append(uuid.UUID(tenant), "opened", "track", e.time, e.id, e.user, e.anonymous, e.properties, e.context, at, uuid.New()))
		}
		require.NoError(t, batch.Send())
		h.put(t, "held_events", event{tenant: tenant, id: "held", user: "ada", receivedAt: at}, event{tenant: tenant, id: "held-of-bob", user: "bob", receivedAt: at})
		for _, l := range []letter{
			{user: "ada", payload: "{"},
			{user: "bob", payload: "{}"},
			{user: "bob", anonymous: "phone", payload: `{"userId":"bob","anonymousId":"phone"}`},
			{anonymous: "phone", payload: `{"user_id":17,"anonymous_id":"phone"}`}, // a number, which could not be read as an ID: maybe somebody
			{anonymous: "phone", payload: `cut off on "phone" of bo`},
			{anonymous: "phone", payload: `{"anonymousId":"phone","event":1}`},
			{user: "ada", anonymous: "kiosk", payload: `{"userId":"ada","anonymousId":"kiosk","n":12345678901234567890,"to":"<b>"}`},
			{user: "ada", payload: `{"user_id":"bob","user_id":"ada","aliases":[],"alias":["bob","ada",17]}`},
			{user: "cy", payload: `{"userId":"cy","traits":{"email":"ada@example.com"}}`}, // who is not known to be her
			{anonymous: "kiosk", payload: `{"traits":{"email":"ada@example.com"}}`},
			{payload: `{"traits":{"email":"ada@example.com"},"list":[{"previousId":"cy"}]}`},
			{payload: `{"traits":{"email":"ada@example.com"},"list":[{"previousId":"ada"}]}`},
		} {
			l.tenant, l.receivedAt = tenant, time.Now()
			h.putLetters(t, l)
		}
	}
	r := privacych.NewRecords(conn)
	ada := privacy.Subjects{UserIDs: []string{"ada"}, AnonymousIDs: []string{"phone"}, Properties: []privacy.Identifier{
		{Kind: privacy.Property, Path: "properties.email", Value: "ada@example.com"}, {Kind: privacy.Property, Path: "context.phone", Value: "815"},
	}}
	var ids []string
	require.NoError(t, r.Events(t.Context(), ours, ada, func(e export.Event) error {
		require.JSONEq(t, "{}", string(e.Facts))
		ids = append(ids, e.EventID)
		return nil
	}))
	require.ElementsMatch(t, []string{"of-ada", "before-she-was-known", "by-address", "by-number", "in-2099"}, ids)
	ids = nil
	require.NoError(t, r.Held(t.Context(), ours, ada, func(e export.HeldEvent) error {
		ids = append(ids, e.EventID)
		return nil
	}))
	require.Equal(t, []string{"held"}, ids)
	var letters []string
	require.NoError(t, r.Quarantined(t.Context(), ours, ada, func(d export.DeadLetter) error {
		letters = append(letters, d.UserID+" "+d.AnonymousID+" "+d.Payload)
		return nil
	}))
	require.ElementsMatch(t, []string{
		"ada  {",
		` phone {"anonymousId":"phone","event":1}`,
		`ada  {"anonymousId":null,"n":12345678901234567890,"to":"<b>","userId":"ada"}`,
		`ada  {"alias":[null,"ada",null],"aliases":[],"user_id":"ada"}`,
		`  {"traits":{"email":"ada@example.com"},"list":[{"previousId":"ada"}]}`,
	}, letters)

	for _, none := range []struct {
		tenant tenants.ID
		who    privacy.Subjects
	}{{ours, privacy.Subjects{}}, {ours, privacy.Subjects{UserIDs: []string{"dan"}}}, {tenants.NewID(), ada}} {
		require.NoError(t, r.Events(t.Context(), none.tenant, none.who, func(e export.Event) error { return errFound }))
		require.NoError(t, r.Held(t.Context(), none.tenant, none.who, func(export.HeldEvent) error { return errFound }))
		require.NoError(t, r.Quarantined(t.Context(), none.tenant, none.who, func(export.DeadLetter) error { return errFound }))
	}
}

var errFound = privacy.ErrSubjectInvalid // any: nobody is to be found
