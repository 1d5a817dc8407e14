package quality_test

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/observatory/observatory/analytics/quality"
)

func friday(hour int) time.Time { return time.Date(2026, time.November, 20, hour, 0, 0, 0, time.UTC) }

func nine() quality.Span { return quality.Span{From: friday(9), To: friday(10)} }

// weeks are samples of the weeks before, the newest first.
func weeks(values ...float64) (all []quality.Sample) {
	for i, v := range values {
		all = append(all, quality.Sample{From: friday(9).AddDate(0, 0, -7*(i+1)), Value: v})
	}
	return all
}

// What people read, word by word.
func TestExplanations(t *testing.T) {
	t.Parallel()
	volume, nulls, freshness := quality.Usual(quality.Volume), quality.Usual(quality.Nulls), quality.Usual(quality.Freshness)
	nulls.Event, nulls.Property = "purchase", "properties.amount"
	for _, c := range []struct {
		result  quality.Result
		verdict quality.Verdict
		text    string
	}{
		{
			quality.JudgeVolume(volume, nine(), 1204, weeks(1180, 1250, 1200)), quality.Pass,
			"1,204 events from Fri 20 Nov, 09:00 to 10:00 (UTC). As usual: 1,062 to 1,338 were expected, after the same hours of 3 past weeks (30 Oct, 6 Nov, 13 Nov), with a median of 1,200.",
		},
		{
			quality.JudgeVolume(volume, nine(), 1000, weeks(1180, 1250, 1200)), quality.Warn,
			"1,000 events from Fri 20 Nov, 09:00 to 10:00 (UTC). Fewer than usual: 1,062 to 1,338 were expected, after the same hours of 3 past weeks (30 Oct, 6 Nov, 13 Nov), with a median of 1,200.",
		},
		{
			quality.JudgeVolume(volume, nine(), 1, weeks(1180, 1250)), quality.Unknown,
			"1 event from Fri 20 Nov, 09:00 to 10:00 (UTC). Not enough history to say what is usual: it takes the same hours of 3 past weeks, and there are 2.",
		},
		{
			quality.JudgeNulls(nulls, quality.Span{From: friday(0), To: friday(24)}, 30, 1200), quality.Pass,
			`properties.amount is missing in 30 of 1,200 "purchase" events (2.5%) from Fri 20 Nov, 00:00 to Sat 21 Nov, 00:00 (UTC); at most 5% may lack it.`,
		},
		{
			quality.JudgeNulls(nulls, nine(), 1, 3), quality.Warn,
			`properties.amount is missing in 1 of 3 "purchase" events (33.33%) from Fri 20 Nov, 09:00 to 10:00 (UTC); at most 5% may lack it. Of fewer than 20 events that only warns.`,
		},
		{
			quality.JudgeNulls(nulls, nine(), 0, 0), quality.Unknown,
			`No "purchase" events from Fri 20 Nov, 09:00 to 10:00 (UTC), so there is no share to speak of.`,
		},
		{
			quality.JudgeFreshness(freshness, friday(12), friday(9).Add(-30*time.Second)), quality.Pass,
			"The newest event was received 3 h 0 min ago, on Fri 20 Nov 2026, 08:59:30; it may be 1 day old.",
		},
		{
			quality.JudgeFreshness(freshness, friday(12), friday(12).Add(-15*time.Minute-17*time.Second)), quality.Pass,
			"The newest event was received 15 min 17 s ago, on Fri 20 Nov 2026, 11:44:43; it may be 1 day old.",
		},
		{quality.JudgeFreshness(freshness, friday(12), time.Time{}), quality.Unknown, "No event has come yet. This is checked from the first one on."},
		{
			quality.JudgeLedger(nine(), nil), quality.Pass,
			"Every event received since Fri 20 Nov, 09:00 has one outcome, and what is stored agrees with it.",
		},
		{
			quality.JudgeLedger(nine(), []time.Time{friday(9)}), quality.Fail,
			"1 hour does not balance since Fri 20 Nov, 09:00: Fri 20 Nov 09:00. What is stored there does not agree with what was received.",
		},
	} {
		require.Equal(t, c.text, c.result.Explanation)
		require.Equal(t, c.verdict, c.result.Verdict)
	}
}

// Silence where there were always events fails, however wide the usual band.
func TestSilenceFails(t *testing.T) {
	t.Parallel()
	require.Equal(t, quality.Fail, quality.JudgeVolume(quality.Usual(quality.Volume), nine(), 0, weeks(40, 60, 50)).Verdict)
	require.Equal(t, quality.Pass, quality.JudgeVolume(quality.Usual(quality.Volume), nine(), 0, weeks(0, 0, 3)).Verdict, "nothing is usual at night")
}

// The verdict follows from where the value lies, and gets no better the farther away that is.
func TestVolumeVerdicts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := quality.Usual(quality.Volume)
		d.Tolerance = rapid.Float64Range(0.5, 20).Draw(t, "tolerance")
		samples := weeks(rapid.SliceOfN(rapid.Map(rapid.IntRange(0, 100_000), func(n int) float64 { return float64(n) }), 0, 8).Draw(t, "samples")...)
		near := float64(rapid.IntRange(0, 200_000).Draw(t, "events"))
		r := quality.JudgeVolume(d, nine(), near, samples)
		if (r.Verdict == quality.Unknown) != (len(samples) < 3) {
			t.Fatalf("%s of %d samples", r.Verdict, len(samples))
		}
		if *r.Value != near || !strings.Contains(r.Explanation, "from Fri 20 Nov, 09:00 to 10:00 (UTC)") {
			t.Fatalf("%v: %s", *r.Value, r.Explanation)
		}
		if r.Verdict == quality.Unknown {
			return
		}
		if !(*r.Low <= *r.Expected && *r.Expected <= *r.High && *r.Low >= 0) {
			t.Fatalf("from %v to %v around %v", *r.Low, *r.High, *r.Expected)
		}
		if within := near >= *r.Low && near <= *r.High; within && r.Verdict != quality.Pass && near > 0 {
			t.Fatalf("%v within %v to %v is %s", near, *r.Low, *r.High, r.Verdict)
		}
		farther := near + math.Copysign(float64(rapid.IntRange(0, 100_000).Draw(t, "farther")), near-*r.Expected)
		if farther < 0 {
			return
		}
		if worse := quality.JudgeVolume(d, nine(), farther, samples); rank(worse.Verdict) < rank(r.Verdict) {
			t.Fatalf("%v is %s, and %v, farther from %v, is %s", near, r.Verdict, farther, *r.Expected, worse.Verdict)
		}
		slices.Reverse(samples)
		if again := quality.JudgeVolume(d, nine(), near, samples); again.Verdict != r.Verdict {
			t.Fatal("the order of weeks matters")
		}
	})
}

// A limit is a limit: above it fails, up to it does not, and the way there goes through warnings.
func TestLimits(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := quality.Usual(quality.Nulls)
		d.Property, d.MaxShare = "properties.amount", rapid.Float64Range(0, 1).Draw(t, "max_share")
		all := float64(rapid.IntRange(1, 1_000_000).Draw(t, "all"))
		missing := float64(rapid.IntRange(0, int(all)).Draw(t, "missing"))
		r := quality.JudgeNulls(d, nine(), missing, all)
		above := missing/all > d.MaxShare && (all >= 20 || d.MaxShare == 0)
		if (r.Verdict == quality.Fail) != above || (r.Verdict == quality.Pass) != (missing == 0 || missing/all <= 0.8*d.MaxShare) && d.MaxShare > 0 {
			t.Fatalf("%v of %v with at most %v is %s", missing, all, d.MaxShare, r.Verdict)
		}
		if *r.Value < 0 || *r.Value > 1 {
			t.Fatalf("a share of %v", *r.Value)
		}

		d = quality.Usual(quality.Freshness)
		d.SLA = time.Duration(rapid.IntRange(60, 1_000_000).Draw(t, "sla")) * time.Second
		age := time.Duration(rapid.IntRange(-1000, 2_000_000).Draw(t, "age")) * time.Second
		f := quality.JudgeFreshness(d, friday(12), friday(12).Add(-age))
		if (f.Verdict == quality.Fail) != (age > d.SLA) || *f.Value < 0 {
			t.Fatalf("%v old with an SLA of %v is %s, %v s", age, d.SLA, f.Verdict, *f.Value)
		}
	})
}

func rank(v quality.Verdict) int {
	return map[quality.Verdict]int{quality.Pass: 0, quality.Warn: 1, quality.Fail: 2}[v]
}

func TestDefinitions(t *testing.T) {
	t.Parallel()
	for _, kind := range quality.Kinds() {
		d := quality.Usual(kind)
		if kind == quality.Nulls {
			require.Error(t, d.Validate(), "which property?")
			d.Property = "properties.amount"
		}
		require.NoError(t, d.Validate())
		for _, interval := range []time.Duration{0, time.Minute, 7 * time.Hour, 48 * time.Hour} {
			d.Interval = interval
			require.Error(t, d.Validate(), "%s every %s", kind, interval)
		}
		for _, interval := range quality.Intervals(kind) {
			require.Zero(t, 24*time.Hour%interval)
			d.Interval = interval
			require.NoError(t, d.Validate())
		}
	}
}
