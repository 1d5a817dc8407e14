package retention_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/privacy/retention"
)

func TestPoliciesThatMakeNoSense(t *testing.T) {
	t.Parallel()
	for document, says := range map[string]string{
		`[]`:                          "JSON object",
		`null`:                        "JSON object",
		`{} {}`:                       "goes on",
		`{"keep_days": 0}`:            "keep_days",
		`{"keep_days": 36501}`:        "keep_days",
		`{"keep_days": 1.5}`:          "JSON object",
		`{"keep": 1}`:                 "JSON object",
		`{"events": [{"event": ""}]}`: "events[0]",
		`{"events": [{"event": "a", "keep_days": 0}]}`:                                                         "events[0].keep_days",
		`{"events": [{"event": "a"}, {"event": "a"}]}`:                                                         "events[1]",
		`{"properties": [{"path": "phone", "keep_days": 1}]}`:                                                  "properties[0]",
		`{"properties": [{"path": "properties", "keep_days": 1}]}`:                                             "properties[0]",
		`{"properties": [{"path": "properties..a", "keep_days": 1}]}`:                                          "properties[0]",
		`{"properties": [{"path": "properties.a"}]}`:                                                           "properties[0].keep_days",
		`{"properties": [{"path": "properties.a", "keep_days": 1}, {"path": "properties.a", "keep_days": 2}]}`: "properties[1]",
		`{"properties": [{"path": "user_id.a", "keep_days": 1}]}`:                                              "properties[0]",
	} {
		_, err := retention.Parse([]byte(document))
		require.Equal(t, fault.Code("invalid_policy"), fault.From(err).Code, document)
		require.Contains(t, fault.From(err).Message, says, document)
	}
	empty, err := retention.Parse([]byte(`{}`))
	require.NoError(t, err)
	require.Empty(t, empty.Rules(time.Now()), "the default keeps everything")
}

// TestDaysAreCountedFromReceipt: an event is kept for its days, whatever part of a day it came in, and goes in the night after.
func TestDaysAreCountedFromReceipt(t *testing.T) {
	t.Parallel()
	p, err := retention.Parse([]byte(`{"keep_days": 2, "events": [{"event": "kept", "keep_days": null}, {"event": "short", "keep_days": 1}], "properties": [{"path": "properties.a\\.b.c", "keep_days": 1}]}`))
	require.NoError(t, err)
	received := time.Date(2026, 3, 29, 23, 59, 59, 999e6, time.FixedZone("", -3600)) // 00:59 of the day after, in UTC
	goes := func(event string, now time.Time) (whole, property bool) {
		for _, r := range p.Rules(retention.Today(now)) {
			if r.Covers(event, received) {
				whole, property = whole || r.Whole(), property || !r.Whole()
			}
		}
		return whole, property
	}
	for _, c := range []struct {
		event           string
		after           time.Duration
		whole, property bool
	}{
		{"usual", 24 * time.Hour, false, false},
		{"usual", 47 * time.Hour, false, false},
		{"usual", 48 * time.Hour, false, true},
		{"usual", 71*time.Hour + time.Minute, true, true},
		{"short", 24 * time.Hour, false, false},
		{"short", 47*time.Hour + time.Minute, true, true},
		{"kept", 1000 * time.Hour, false, true},
	} {
		whole, property := goes(c.event, received.Add(c.after))
		require.Equal(t, c.whole, whole, "%s after %s", c.event, c.after)
		require.Equal(t, c.property, property, "%s after %s", c.event, c.after)
	}
	require.Equal(t, retention.Path{Root: "properties", Keys: []string{"a.b", "c"}}, p.Rules(retention.Today(received))[2].Path)
}
