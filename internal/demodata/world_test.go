package demodata_test

import (
	"crypto/sha256"
	"encoding/json"
	"iter"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/client"
	"github.com/observatory/observatory/internal/demodata"
)

// end is a Wednesday.
func end() time.Time { return time.Date(2026, 7, 15, 14, 30, 12, 345e6, time.UTC) }

func world(t *testing.T, seed uint64, weeks int) *demodata.World {
	t.Helper()
	w, err := demodata.New(demodata.Config{Seed: seed, Weeks: weeks, End: end()})
	require.NoError(t, err)
	return w
}

func collect(events iter.Seq[client.Event]) []client.Event {
	var list []client.Event
	for e := range events {
		list = append(list, e)
	}
	return list
}

// parts are the three sources, by name.
func parts(w *demodata.World) map[string]iter.Seq[client.Event] {
	return map[string]iter.Seq[client.Event]{"site": w.Site(), "app": w.App(), "sensors": w.Sensors()}
}

func fingerprint(t *testing.T, events iter.Seq[client.Event]) [sha256.Size]byte {
	t.Helper()
	sum := sha256.New()
	require.NoError(t, json.NewEncoder(sum).Encode(collect(events)))
	return [sha256.Size]byte(sum.Sum(nil))
}

func TestTheSameSeedGivesTheSameEvents(t *testing.T) {
	t.Parallel()
	for part := range parts(world(t, 1, 2)) {
		t.Run(part, func(t *testing.T) {
			t.Parallel()
			w := world(t, 1, 2)
			first := fingerprint(t, parts(w)[part])
			require.Equal(t, first, fingerprint(t, parts(w)[part]), "the same world, asked twice")
			require.Equal(t, first, fingerprint(t, parts(world(t, 1, 2))[part]), "the same world, made twice")
			require.NotEqual(t, first, fingerprint(t, parts(world(t, 2, 2))[part]), "another seed")
		})
	}
}

func TestAConfigurationThatMakesNoSenseIsRefused(t *testing.T) {
	t.Parallel()
	for _, cfg := range []demodata.Config{{Weeks: 0, End: end()}, {Weeks: -1, End: end()}, {Weeks: demodata.MaxWeeks + 1, End: end()}, {Weeks: 1}} {
		_, err := demodata.New(cfg)
		require.Error(t, err, "%+v", cfg)
	}
}

func TestEveryEventIsFitToBeSent(t *testing.T) {
	t.Parallel()
	for i := range 10 { // ends on every day of the week, at different times of the day
		cfg := demodata.Config{Seed: uint64(i) << 60, Weeks: 1 + i%3, End: end().Add(time.Duration(i) * 26 * time.Hour)}
		w, err := demodata.New(cfg)
		require.NoError(t, err)
		ids, events := map[string]bool{}, 0
		for part, sequence := range parts(w) {
			for e := range sequence {
				if events++; ids[e.ID] {
					t.Fatalf("%s: the ID %s comes twice", part, e.ID)
				}
				ids[e.ID] = true
				if e.Timestamp.Before(w.Start()) || !e.Timestamp.Before(cfg.End) {
					t.Fatalf("%s: %s lies outside %s to %s", part, e.Timestamp, w.Start(), cfg.End)
				}
				if e.Name == "" || e.ID == "" || len(e.Properties) == 0 || len(e.Context) == 0 {
					t.Fatalf("%s: something is missing: %+v", part, e)
				}
			}
		}
		days := cfg.End.Sub(w.Start()).Hours() / 24
		require.InEpsilon(t, 10_000./7*days, events, 0.25, "about 10,000 a week")
		require.False(t, w.Incident().From.Before(w.Start()) || w.Incident().To.After(cfg.End), "%+v", cfg)
	}
}

func TestALookAtTheFirstEventsIsAllowed(t *testing.T) {
	t.Parallel()
	for part, events := range parts(world(t, 1, 6)) {
		n := 0
		for range events {
			if n++; n == 10 {
				break
			}
		}
		require.Equal(t, 10, n, part)
	}
}

func TestSixWeeksAreAboutSixtyThousandEvents(t *testing.T) {
	t.Parallel()
	w := world(t, 1, 6)
	site, app, sensors := len(collect(w.Site())), len(collect(w.App())), len(collect(w.Sensors()))
	require.InDelta(t, 60_000, site+app+sensors, 4_000)
	require.Greater(t, site, 5*app)
	require.Greater(t, app, 5000)
	require.Greater(t, sensors, 5000)
}

func count(events []client.Event, is func(client.Event) bool) (n int) {
	for _, e := range events {
		if is(e) {
			n++
		}
	}
	return n
}

func named(name string) func(client.Event) bool {
	return func(e client.Event) bool { return e.Name == name }
}

func TestTheFunnelNarrows(t *testing.T) {
	t.Parallel()
	events := collect(world(t, 1, 6).Site())
	steps := []string{"page_view", "product_viewed", "cart_added", "checkout_started", "order_completed"}
	for i, step := range steps[1:] {
		before, now := count(events, named(steps[i])), count(events, named(step))
		require.Greater(t, before, now, "%s after %s", step, steps[i])
		require.Greater(t, now, before/20, "%s after %s", step, steps[i])
	}
	require.Greater(t, count(events, named("search_made")), 1000)
	require.Greater(t, count(events, named("signed_up")), 300)

	sessions := map[string][]client.Event{}
	for _, e := range events {
		sessions[e.SessionID] = append(sessions[e.SessionID], e)
	}
	for id, session := range sessions {
		done, signedUp := map[string]bool{}, session[0].UserID
		require.True(t, sort.SliceIsSorted(session, func(i, j int) bool { return session[i].Timestamp.Before(session[j].Timestamp) }), "session %s", id)
		for _, e := range session {
			switch e.Name {
			case "cart_added":
				require.True(t, done["product_viewed"], "session %s", id)
			case "checkout_started":
				require.True(t, done["cart_added"], "session %s", id)
			case "order_completed":
				require.True(t, done["checkout_started"], "session %s", id)
				require.Greater(t, e.Properties["revenue"], 10.0)
				require.Less(t, e.Properties["revenue"], 2000.0)
			case "signed_up":
				require.Empty(t, signedUp, "session %s", id)
				signedUp = e.UserID
			}
			require.Equal(t, signedUp, e.UserID, "a user has an ID from the sign-up on")
			require.Equal(t, session[0].AnonymousID, e.AnonymousID)
			done[e.Name] = true
		}
	}
}

func TestTheDayTheWeekAndTheGrowthCanBeSeen(t *testing.T) {
	t.Parallel()
	w := world(t, 1, 6)
	views := collect(w.Site())
	hours := func(from, to int) int {
		return count(views, func(e client.Event) bool { return e.Timestamp.Hour() >= from && e.Timestamp.Hour() < to })
	}
	require.Greater(t, hours(17, 20), 4*hours(1, 4), "evening and night")
	days := func(days ...time.Weekday) int {
		return count(views, func(e client.Event) bool {
			for _, d := range days {
				if e.Timestamp.Weekday() == d {
					return true
				}
			}
			return false
		})
	}
	require.Greater(t, days(time.Wednesday, time.Thursday)*100, days(time.Saturday, time.Sunday)*110, "week and weekend")
	weeks := func(from, to int) int {
		return count(views, func(e client.Event) bool {
			week := int(e.Timestamp.Sub(w.Start()) / (7 * 24 * time.Hour))
			return week >= from && week < to
		})
	}
	require.Greater(t, weeks(5, 6)*100, weeks(0, 1)*130, "last week and first week")
}

func TestTheIncidentCanBeSeen(t *testing.T) {
	t.Parallel()
	for seed := range uint64(5) {
		w := world(t, seed, 6)
		events := collect(w.Site())
		incident, week := w.Incident(), 7*24*time.Hour
		usual := demodata.Incident{From: incident.From.Add(-week), To: incident.To.Add(-week)}
		during := func(i demodata.Incident) func(client.Event) bool {
			return func(e client.Event) bool { return i.Covers(e.Timestamp) }
		}
		require.Less(t, count(events, during(incident)), count(events, during(usual))/5)
		require.Zero(t, count(events, func(e client.Event) bool { return e.Name == "order_completed" && incident.Covers(e.Timestamp) }))
	}
}

func TestVisitsSayWhereTheyCameFromAndOnWhat(t *testing.T) {
	t.Parallel()
	events := collect(world(t, 1, 6).Site())
	for _, property := range []string{"country", "device", "browser", "channel", "path"} {
		values := map[any]bool{}
		for _, e := range events {
			values[e.Properties[property]] = true
		}
		require.Greater(t, len(values), 2, property)
		require.NotContains(t, values, any(nil), property)
	}
	campaigns := map[any]int{}
	for _, e := range events {
		source, known := e.Properties["utm_source"]
		campaign, inContext := e.Context["campaign"].(map[string]any)
		require.Equal(t, known, inContext)
		if known {
			require.Equal(t, source, campaign["source"])
			campaigns[source]++
		}
		page, isMap := e.Context["page"].(map[string]any)
		require.True(t, isMap)
		require.Equal(t, e.Properties["path"], page["path"])
		require.Equal(t, e.Properties["referrer"], page["referrer"])
		require.Equal(t, e.Properties["search"], page["search"])
	}
	require.Len(t, campaigns, 3)
}

func TestAppUsersAreCustomersAndUpdateOneByOne(t *testing.T) {
	t.Parallel()
	versions, names := map[any]int{}, map[string]int{}
	for e := range world(t, 1, 6).App() {
		require.True(t, strings.HasPrefix(e.UserID, "customer-"))
		versions[e.Properties["app_version"]]++
		names[e.Name]++
	}
	require.Len(t, versions, 2)
	require.Greater(t, names["screen_viewed"], 2*names["app_opened"])
	require.Positive(t, names["order_completed"])
}

func TestSensorsReadEveryHourWithinWhatIsPossible(t *testing.T) {
	t.Parallel()
	w := world(t, 1, 6)
	sensors := map[any]int{}
	for e := range w.Sensors() {
		require.Empty(t, e.UserID+e.AnonymousID, "a sensor is not a person")
		sensors[e.Properties["sensor_id"]]++
		for property, limits := range map[string][2]float64{"temperature_c": {0, 35}, "humidity_pct": {40, 85}, "soil_moisture_pct": {30, 80}, "battery_pct": {1, 100}} {
			value, isNumber := e.Properties[property].(float64)
			require.True(t, isNumber)
			require.True(t, value >= limits[0] && value <= limits[1], "%s is %v", property, value)
		}
	}
	hours := int(end().Sub(w.Start())/time.Hour) + 1
	require.Equal(t, map[any]int{"gh-01": hours, "gh-02": hours, "gh-03": hours, "gh-04": hours, "gh-05": hours - 48, "gh-06": hours}, sensors)
}
