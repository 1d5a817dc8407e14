package privacych_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/tenants"
)

// TestWhatIsTheirs is the definition in privacy.Subjects, by examples. It is checked with what queries see, and with what a mutation leaves.
func TestWhatIsTheirs(t *testing.T) {
	t.Parallel()
	h, tenant := openHouse(t), tenants.ID(uuid.New())
	at := time.Now().UTC().Truncate(time.Millisecond).Add(-2 * time.Hour)
	theirs := map[string]event{
		"by user":                         {user: "alice"},
		"by user, on somebody's device":   {user: "alice", anonymous: "kiosk"},
		"before they were known":          {anonymous: "phone"},
		"an alias from their ID":          {kind: "alias", user: "carol", properties: `{"previous_id":"alice"}`},
		"an alias from their device":      {kind: "alias", user: "carol", properties: `{"previous_id":"phone"}`},
		"by e-mail, whatever its letters": {properties: `{"email":" Alice@Example.COM "}`},
		"by a trait":                      {user: "bob", context: `{"traits":{"email":"alice@example.com"}}`},
		"by a list":                       {user: "bob", properties: `{"email":["x@example.com","ALICE@example.com"]}`},
		"by a number":                     {user: "bob", properties: `{"phone":4930}`},
		"by a name with a dot":            {user: "bob", properties: `{"contact.phone":"4930"}`},
		"by a name in an object":          {user: "bob", properties: `{"contact":{"phone":"4930"}}`},
		"by a name that JSON escapes":     {user: "bob", properties: `{"na\u00efve":"4930"}`},
		"of the future":                   {user: "alice", time: time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC)},
	}
	others := map[string]event{
		"another user":                     {user: "bob"},
		"another device":                   {anonymous: "tablet"},
		"a user who has their device's ID": {user: "phone"},
		"the same text elsewhere":          {user: "bob", properties: `{"friend":"alice","fax":"4930"}`},
		"a longer address":                 {user: "bob", properties: `{"email":"malice@example.com"}`},
		"no alias":                         {user: "bob", properties: `{"previous_id":"alice"}`},
		"received later":                   {user: "alice", receivedAt: at.Add(time.Hour)},
		"of another tenant":                {tenant: tenants.ID(uuid.New()), user: "alice"},
		"on their device":                  {user: "bob", anonymous: "phone"}, // stays without it
	}
	for _, all := range []map[string]event{theirs, others} {
		for name, e := range all {
			e.id = name
			if e.tenant.IsZero() {
				e.tenant = tenant
			}
			if e.receivedAt.IsZero() {
				e.receivedAt = at
			}
			h.put(t, "events", e)
		}
	}
	of := func(path, value string) privacy.Identifier {
		return privacy.Identifier{Kind: privacy.Property, Path: path, Value: value}
	}
	op := privacy.Operation{ID: uuid.Must(uuid.NewV7()), ReceivedBefore: at.Add(time.Minute), Subjects: privacy.Subjects{
		UserIDs: []string{"alice"}, AnonymousIDs: []string{"phone"}, Properties: []privacy.Identifier{
			of("properties.email", "alice@example.com"), of("context.traits.email", "Alice@example.com"), of("properties.phone", "4930"), of("properties.contact.phone", "4930"), of("properties.naïve", "4930"),
		},
	}}
	found, err := h.store.Events().Find(t.Context(), tenant, op)
	require.NoError(t, err)
	require.EqualValues(t, len(theirs)+1, found.Items, "and the one that loses an anonymous ID")
	_, err = h.store.Events().Erase(t.Context(), tenant, op)
	require.NoError(t, err)
	rows, err := h.conn.Query(t.Context(), "SELECT event_id, anonymous_id FROM events")
	require.NoError(t, err)
	defer func() { require.NoError(t, rows.Close()) }()
	left := map[string]string{}
	for rows.Next() {
		var id, anonymous string
		require.NoError(t, rows.Scan(&id, &anonymous))
		left[id] = anonymous
	}
	require.NoError(t, rows.Err())
	for name := range theirs {
		require.NotContains(t, left, name)
	}
	for name, e := range others {
		require.Contains(t, left, name)
		if name == "on their device" {
			e.anonymous = ""
		}
		require.Equal(t, e.anonymous, left[name])
	}
}

func TestDeadLettersThatMention(t *testing.T) {
	t.Parallel()
	h, tenant := openHouse(t), tenants.ID(uuid.New())
	at := time.Now().UTC().Truncate(time.Millisecond).Add(-2 * time.Hour)
	theirs := []letter{
		{user: "17"},
		{user: "bob", anonymous: "phone"},
		{payload: `{"userId":17}`},
		{payload: `{"deep":[{"who":"phone"}]}`},
		{user: "bob", payload: `{"context":{"traits":{"mail":"Alice@Example.com"}}}`},
		{user: "bob", payload: `{"anonymousId":"phone"}`},
		{user: "bob", payload: `{"properties":{"passport":"C01"}}`},
		{payload: `not JSON: alice@example.com, and so on`},
		{payload: `{"cut":"short","user_id":"17`},
	}
	others := []letter{
		{user: "bob", payload: `{"n":17,"size":"17"}`},
		{user: "bob", payload: `{"colour":"phone"}`},
		{payload: `{"n":17}`},
		{payload: `telephones are not 1712`},
		{user: "bob", payload: `{"properties":{"visa":"C01"}}`},
	}
	for _, l := range append(append([]letter{}, theirs...), others...) {
		l.tenant, l.receivedAt = tenant, at
		h.putLetters(t, l)
	}
	op := privacy.Operation{ID: uuid.Must(uuid.NewV7()), ReceivedBefore: at.Add(time.Minute), Subjects: privacy.Subjects{
		UserIDs: []string{"17"}, AnonymousIDs: []string{"phone"}, Properties: []privacy.Identifier{
			{Kind: privacy.Property, Path: "properties.email", Value: "alice@example.com"}, {Kind: privacy.Property, Path: "properties.passport", Value: "C01"},
		},
	}}
	_, err := h.store.Quarantine().Erase(t.Context(), tenant, op)
	require.NoError(t, err)
	rows, err := h.conn.Query(t.Context(), "SELECT user_id, anonymous_id, payload FROM dead_letters")
	require.NoError(t, err)
	defer func() { require.NoError(t, rows.Close()) }()
	var left []letter
	for rows.Next() {
		var l letter
		require.NoError(t, rows.Scan(&l.user, &l.anonymous, &l.payload))
		left = append(left, l)
	}
	require.NoError(t, rows.Err())
	require.ElementsMatch(t, others, left)
}
