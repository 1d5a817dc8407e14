package api_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/client"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tests/harness"
)

func TestIngest(t *testing.T) {
	t.Parallel()
	server, _ := start(t)
	for name, test := range map[string]func(*testing.T, harness.Account){
		"bodies":            bodies,
		"acknowledgements":  acknowledgements,
		"partial rejection": partialRejection,
		"receipts":          receipts,
		"clock skew":        clockSkew,
		"duplicates":        duplicates,
		"strange IDs":       strangeIDs,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			account := server.SignUp(t)
			test(t, account)
			balanced(t, account)
		})
	}
}

// balanced waits until the ledger has an outcome for everything that was received.
func balanced(t *testing.T, a harness.Account) {
	t.Helper()
	testkit.Eventually(t, harness.Patience, func() error {
		ledger := harness.As[struct {
			Hours  []struct{ Balanced bool }
			Totals client.Counts
		}](t, a.Session.Get(t, "/v1/ledger").Want(t, http.StatusOK))
		for _, hour := range ledger.Hours {
			if !hour.Balanced {
				return fmt.Errorf("the ledger is not balanced: %+v", ledger)
			}
		}
		if ledger.Totals.Received == 0 {
			return errors.New("the ledger is empty")
		}
		return nil
	})
}

func gzipped(t *testing.T, text string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, err := w.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return out.Bytes()
}

func zstandard(t *testing.T, text string) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	require.NoError(t, err)
	return w.EncodeAll([]byte(text), nil)
}

func bodies(t *testing.T, a harness.Account) {
	receipts := map[string]int{}
	const ndjson = `{"event":"a"}` + "\r\n\n" + ` {"event":"b"}` + "\n"
	for name, c := range map[string]struct {
		body                  any
		contentType, encoding string
		events                int
	}{
		"one event":                 {body: `{"event":"a"}`, events: 1},
		"one event over many lines": {body: "{\n\"event\":\n\"a\"\n}\n", events: 1},
		"an array":                  {body: `[{"event":"a"},{"event":"b"}]`, events: 2},
		"an envelope":               {body: `{"events":[{"event":"a"},{"event":"b"}],"sent_at":null}`, events: 2},
		"lines":                     {body: ndjson, contentType: "application/x-ndjson", events: 2},
		"lines called JSON":         {body: ndjson, events: 2},
		"no content type":           {body: `{"event":"a"}`, contentType: "", events: 1},
		"another content type":      {body: `[{"event":"a"}]`, contentType: "text/plain", events: 1},
		"gzip":                      {body: gzipped(t, `[{"event":"a"},{"event":"b"}]`), encoding: "gzip", events: 2},
		"zstd":                      {body: zstandard(t, ndjson), encoding: "zstd", events: 2},
		"identity":                  {body: `{"event":"a"}`, encoding: "identity", events: 1},
		"every field":               {body: `{"event":"a","event_id":"x-1","user_id":"u","anonymous_id":"n","session_id":"s","timestamp":"2026-01-02T03:04:05.678+09:00","properties":{"p":1.5},"context":{"c":[true,null]}}`, events: 1},
		"nulls are as good as none": {body: `{"event":"a","user_id":null,"timestamp":null,"properties":null}`, events: 1},
	} {
		ack := harness.As[client.Ack](t, a.Publishable.Post(t, "/v1/events", c.body, "Content-Type", c.contentType, "Content-Encoding", c.encoding).Want(t, http.StatusAccepted))
		require.Equal(t, c.events, ack.Accepted, name)
		require.Empty(t, ack.Rejected, name)
		receipts[ack.Receipt] = c.events
	}
	for receipt, events := range receipts {
		require.Equal(t, events, a.Publishable.Settled(t, receipt).Counts.Stored)
	}
	e := harness.As[harness.StoredEvent](t, a.Secret.Get(t, "/v1/events/x-1").Want(t, http.StatusOK))
	require.Equal(t, "a u n s track", strings.Join([]string{e.Name, e.UserID, e.AnonymousID, e.SessionID, e.Type}, " "))
	require.Equal(t, "2026-01-01T18:04:05.678Z", e.Time.Format(time.RFC3339Nano))
	require.Equal(t, map[string]any{"p": 1.5}, e.Properties)
	require.Equal(t, map[string]any{"c": []any{true, nil}}, e.Context)
	require.Equal(t, a.Source.ID, e.SourceID)
}

func acknowledgements(t *testing.T, a harness.Account) {
	stored := a.Secret.Post(t, "/v1/events?wait=stored", `{"event":"waited","event_id":"w-1"}`).Want(t, http.StatusOK)
	require.NotContains(t, string(stored.Body), "durable")
	a.Secret.Get(t, "/v1/events/w-1").Want(t, http.StatusOK) // at once, without waiting

	loose := a.Secret.Post(t, "/v1/events?ack=none", `{"event":"forgotten","event_id":"f-1"}`).Want(t, http.StatusAccepted)
	require.Contains(t, string(loose.Body), `"durable":false`)
	require.Equal(t, 1, a.Secret.Settled(t, harness.As[client.Ack](t, loose).Receipt).Counts.Stored)

	for _, query := range []string{"wait=stored&ack=none", "wait=forever", "ack=all"} {
		a.Secret.Post(t, "/v1/events?"+query, `{"event":"a"}`).WantProblem(t, http.StatusBadRequest, "invalid_request")
	}
}

func partialRejection(t *testing.T, a harness.Account) {
	bad := []struct{ code, event string }{
		{"event_name_missing", `{}`},
		{"event_name_missing", `{"event":""}`},
		{"unknown_field", `{"event":"x","evnet_id":"1"}`},
		{"wrong_type", `{"event":7}`},
		{"wrong_type", `{"event":"x","properties":[]}`},
		{"not_an_object", `"x"`},
		{"not_an_object", `null`},
		{"not_a_number", `{"event":"x","properties":{"v":NaN}}`},
		{"not_a_number", `{"event":"x","properties":{"v":-Infinity}}`},
		{"invalid_utf8", "{\"event\":\"\xff\xfe\"}"},
		{"invalid_utf8", `{"event":"x","properties":{"v":"\ud800"}}`},
		{"duplicate_key", `{"event":"x","event":"y"}`},
		{"duplicate_key", `{"event":"x","properties":{"a":1,"\u0061":2}}`},
		{"field_too_long", `{"event":"` + strings.Repeat("x", 201) + `"}`},
		{"field_too_long", `{"event":"x","user_id":"` + strings.Repeat("x", 257) + `"}`},
		{"invalid_timestamp", `{"event":"x","timestamp":"yesterday"}`},
		{"timestamp_out_of_range", `{"event":"x","timestamp":"9999-12-31T23:59:59Z"}`},
		{"timestamp_out_of_range", `{"event":"x","timestamp":"1999-12-31T23:59:59Z"}`},
		{"timestamp_out_of_range", `{"event":"x","timestamp":"` + soon(25*time.Hour) + `"}`},
		{"too_deep", `{"event":"x","properties":` + strings.Repeat(`{"a":`, 32) + "1" + strings.Repeat("}", 32) + `}`},
		{"too_many_keys", `{"event":"x","properties":{` + manyKeys(1000) + `}}`},
		{"event_too_large", `{"event":"x","properties":{` + manyKeys(10_000) + `}}`},
		{"event_too_large", `{"event":"x","properties":{"v":"` + strings.Repeat("x", 32<<10) + `"}}`},
	}
	good := []string{
		`{"event":"good","properties":` + strings.Repeat(`{"a":`, 31) + "1" + strings.Repeat("}", 31) + `}`,
		`{"event":"good","properties":{` + manyKeys(990) + `}}`,
		`{"event":"good","properties":{"v":"` + strings.Repeat("x", 32<<10-50) + `"}}`,
		`{"event":"good","timestamp":"2000-01-01T00:00:00Z"}`,
		`{"event":"good","timestamp":"` + soon(23*time.Hour) + `"}`,
		`{"event":"` + strings.Repeat("ä", 100) + `"}`,
	}
	var events []string
	for _, b := range bad {
		events = append(events, b.event)
	}
	ack := harness.As[client.Ack](t, a.Secret.Post(t, "/v1/events", "["+strings.Join(append(events, good...), ",")+"]", "X-Correlation-ID", "partial").Want(t, http.StatusAccepted))
	require.Equal(t, len(good), ack.Accepted)
	require.Len(t, ack.Rejected, len(bad))
	receipt := a.Secret.Settled(t, ack.Receipt)
	require.Equal(t, client.Counts{Received: len(bad) + len(good), Stored: len(good), Quarantined: len(bad)}, receipt.Counts)
	for i, b := range bad {
		require.Equal(t, i, ack.Rejected[i].Index)
		require.Equal(t, b.code, ack.Rejected[i].Code, b.event[:min(len(b.event), 80)])
		require.NotEmpty(t, ack.Rejected[i].Message)
		require.Equal(t, "quarantined", receipt.Events[i].Status)
		require.Equal(t, b.code, receipt.Events[i].Code)
	}
	quarantine := harness.As[struct {
		Events []struct {
			Code, Payload, Receipt string
			CorrelationID          string `json:"correlation_id"`
			Index                  int
		}
	}](t, a.Session.Get(t, "/v1/quarantine?limit=500")).Events
	require.Len(t, quarantine, len(bad))
	for _, q := range quarantine {
		require.Equal(t, bad[q.Index].code, q.Code)
		require.Equal(t, "partial", q.CorrelationID)
		require.Equal(t, ack.Receipt, q.Receipt)
		sent := bad[q.Index].event
		switch q.Code {
		case "not_an_object", "not_a_number", "invalid_utf8", "event_too_large": // not read, so that nobody knows what is in it: its values are blanked
			require.Less(t, len(q.Payload), len(sent)+1)
			require.NotContains(t, q.Payload, "xxx")
		case "invalid_timestamp":
			require.JSONEq(t, `{"event":"x","timestamp":"[redacted]"}`, q.Payload)
		default:
			require.JSONEq(t, sent, q.Payload)
		}
	}
}

// manyKeys are n members of an object.
func manyKeys(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"k%d":0`, i)
	}
	return b.String()[1:]
}

func receipts(t *testing.T, a harness.Account) {
	seen := map[string]client.Receipt{}
	testkit.Eventually(t, harness.Patience, func() error { // a receipt may be settled before it can be asked for
		ack := a.Secret.Send(t, harness.Event{Name: "a", ID: "r-1"}, harness.Event{Name: "b"}, harness.Event{})
		first := harness.As[client.Receipt](t, a.Secret.Get(t, "/v1/receipts/"+ack.Receipt).Want(t, http.StatusOK))
		seen[first.Status] = first
		last := a.Secret.Settled(t, ack.Receipt)
		require.Equal(t, 3, last.Counts.Received)
		require.Equal(t, 1, last.Counts.Quarantined)
		require.Equal(t, 2, last.Counts.Stored+last.Counts.Duplicate)
		if _, ok := seen["pending"]; !ok {
			return errors.New("no receipt was ever pending")
		}
		return nil
	})
	pending := seen["pending"]
	require.Equal(t, client.Counts{Received: 3, Pending: 3}, pending.Counts)
	require.Len(t, pending.Events, 3)
	for i, e := range pending.Events {
		require.Equal(t, client.EventOutcome{Index: i, Status: "pending"}, e)
	}
	other := "0" // than the last character of the receipt
	if strings.HasSuffix(pending.ID, other) {
		other = "1"
	}
	for _, unknown := range []string{"rcp_0", pending.ID[:len(pending.ID)-1] + other, "x"} {
		a.Secret.Get(t, "/v1/receipts/"+unknown).WantProblem(t, http.StatusNotFound, "receipt_not_found")
	}
}

func clockSkew(t *testing.T, a harness.Account) {
	now := time.Now().UTC().Truncate(time.Millisecond)
	send := func(id string, sentAt, happened time.Time) time.Time {
		a.Secret.Post(t, "/v1/events?wait=stored", map[string]any{
			"sent_at": sentAt, "events": []any{map[string]any{"event": "tick", "event_id": id, "timestamp": happened}},
		}).Want(t, http.StatusOK)
		return harness.As[harness.StoredEvent](t, a.Secret.Get(t, "/v1/events/"+id)).Time
	}
	behind := send("behind", now.Add(-time.Hour), now.Add(-time.Hour-5*time.Minute))
	require.WithinDuration(t, now.Add(-5*time.Minute), behind, 10*time.Second)
	ahead := send("ahead", now.AddDate(1, 0, 0), now.AddDate(1, 0, 0))
	require.WithinDuration(t, now, ahead, 10*time.Second)
	a.Secret.Post(t, "/v1/events", `{"sent_at":"now","events":[{"event":"a"}]}`).WantProblem(t, http.StatusBadRequest, "invalid_timestamp")

	right := send("right", time.Now(), now.Add(-time.Minute))
	require.Equal(t, now.Add(-time.Minute), right, "a clock that is right must not be corrected by the network's delay")
}

func duplicates(t *testing.T, a harness.Account) {
	ack := a.Secret.Send(t, harness.Event{Name: "sale", ID: "s-1"}, harness.Event{Name: "sale", ID: "s-1"}, harness.Event{Name: "sale", ID: "s-2"})
	first := a.Secret.Settled(t, ack.Receipt)
	require.Equal(t, client.Counts{Received: 3, Stored: 2, Duplicate: 1}, first.Counts)
	require.Equal(t, "duplicate", first.Events[1].Status)

	ack = a.Publishable.Send(t, harness.Event{Name: "sale", ID: "s-2"}, harness.Event{Name: "sale", ID: "s-3"})
	second := a.Secret.Settled(t, ack.Receipt)
	require.Equal(t, client.Counts{Received: 2, Stored: 1, Duplicate: 1}, second.Counts)
	require.Equal(t, "duplicate_event_id", second.Events[0].Code)
	require.Equal(t, 3, a.Secret.Count(t, "sale"))
}

// strangeIDs shows that an event is found under its ID, whatever is in it.
func strangeIDs(t *testing.T, a harness.Account) {
	ids := map[string]string{
		"a%2Fb": "a/b", "100%25": "100%", "a%20b": "a b", "%C3%BC": "ü", "a%2525b": "a%25b", "a+b": "a+b", "..%2F..": "../..", "%3Fx%3D1%23y": "?x=1#y", "stream%20": "stream ",
	}
	var events []harness.Event
	for _, id := range ids {
		events = append(events, harness.Event{Name: "strange", ID: id})
	}
	a.Secret.Settled(t, a.Secret.Send(t, events...).Receipt)
	for path, id := range ids {
		require.Equal(t, id, harness.As[harness.StoredEvent](t, a.Secret.Get(t, "/v1/events/"+path).Want(t, http.StatusOK)).ID)
	}
}

// TestDuplicatesAreKnownAfterARestart needs a server of its own, because it ends it.
func TestDuplicatesAreKnownAfterARestart(t *testing.T) {
	t.Parallel()
	server, _ := start(t)
	account := server.SignUp(t)
	account.Secret.Settled(t, account.Secret.Send(t, harness.Event{Name: "sale", ID: "s-1"}).Receipt)
	server.Stop(t)
	server.Start(t)
	again := account.Secret.Settled(t, account.Secret.Send(t, harness.Event{Name: "sale", ID: "s-1"}).Receipt)
	require.Equal(t, client.Counts{Received: 1, Duplicate: 1}, again.Counts)
	require.Equal(t, 1, account.Secret.Count(t, "sale"))
}
