package alert_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/observatory/observatory/analytics"
	"github.com/observatory/observatory/analytics/alert"
)

// few fires below 10 after forTicks minutes.
func few(forTicks int) alert.Definition {
	return alert.Definition{
		Name: "Few", Interval: time.Minute, For: time.Duration(forTicks) * time.Minute, NoData: alert.NoDataOK, Severity: alert.Warning,
		Measure:   alert.Measure{Kind: alert.Trend, Measure: analytics.MeasureCount, Window: time.Minute},
		Condition: alert.Condition{Kind: alert.Threshold, Direction: alert.Below, Value: 10},
	}
}

var epoch = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)

func tick(n int) time.Time { return epoch.Add(time.Duration(n) * time.Minute) }

func number(v float64) *float64 { return &v }

// run evaluates a letter per tick: x is wrong, o is fine, - has nothing to measure, ! could not be measured, . is a tick that was left out. It answers
// with a letter per tick: o ok, p pending, f firing, F flapping, r resolved.
func run(d alert.Definition, ticks string) string {
	var state alert.State
	var e alert.Evaluation
	out := []byte(ticks)
	for i, letter := range []byte(ticks) {
		sample := alert.Sample{}
		switch letter {
		case 'x':
			sample.Value = number(0)
		case 'o':
			sample.Value = number(10)
		case '!':
			sample.Fault = "It could not be measured."
		case '.':
			continue
		}
		state, e = alert.Evaluate(d, state, sample, tick(i))
		out[i] = string(e.Status)[0]
		if state.Flapping {
			out[i] = 'F'
		}
	}
	return string(out)
}

func TestMachine(t *testing.T) {
	t.Parallel()
	noData := func(d alert.Definition, what alert.NoData) alert.Definition {
		d.NoData = what
		return d
	}
	for _, c := range []struct {
		name       string
		rule       alert.Definition
		ticks, got string
	}{
		{"at once", few(0), "oxxoo", "offro"},
		{"fires again", few(0), "xoxo", "frfr"},
		{"after a while", few(2), "oxxxxoo", "oppffro"},
		{"not for long enough", few(2), "xxoxxo", "ppoppo"},
		{"a tick without data is fine", noData(few(0), alert.NoDataOK), "x-x", "frf"},
		{"a tick without data is wrong", noData(few(1), alert.NoDataFiring), "--o", "pfr"},
		{"a tick without data changes nothing", noData(few(2), alert.NoDataKeep), "x-xx-o-", "ppfffro"},
		{"what could not be measured changes nothing", few(2), "!xx!xo", "oppp" + "fr"},
		{"a gap begins anew what is pending", few(2), "xx..xxx", "pp..ppf"},
		{"a gap changes nothing that fires", few(1), "xx..xo", "pf..fr"},
		{"flapping", few(0), "xoxoxoxo", "frfrfFFF"},
		{"flapping until quiet", few(0), "xoxoxo" + "ooooooooo" + "ox", "frfrfF" + "FFFFFFFF" + "rof"},
		{"flapping, wrong meanwhile", few(0), "xoxoxo" + "ooxooooooooooo", "frfrfF" + "FFFFFFFFFFFFro"},
		{"changes that never fired do not hold up the first end", few(1), "xoxxo", "popfr"},
	} {
		require.Equal(t, c.got, run(c.rule, c.ticks), "%s: %s", c.name, c.ticks)
	}
}

// Whatever the values: an episode fires once and is resolved once, only after the condition held for as long as it had to, and the same
// values always give the same answers.
func TestMachineKeepsItsWord(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := few(rapid.IntRange(0, 4).Draw(t, "for"))
		d.NoData = rapid.SampledFrom([]alert.NoData{alert.NoDataOK, alert.NoDataFiring, alert.NoDataKeep}).Draw(t, "no data")
		ticks := rapid.StringOfN(rapid.RuneFrom([]rune("xxxooo-!.")), 1, 120, -1).Draw(t, "ticks")
		got, firing := run(d, ticks), false
		if again := run(d, ticks); again != got {
			t.Fatalf("the same values gave other answers:\n%s\n%s", got, again)
		}
		for i, letter := range []byte(got) {
			wrong := ticks[i] == 'x' || ticks[i] == '-' && d.NoData == alert.NoDataFiring
			skipped := ticks[i] == '!' || ticks[i] == '-' && d.NoData == alert.NoDataKeep
			if ticks[i] == '.' {
				continue
			}
			fires := letter == 'f' || letter == 'F'
			switch {
			case fires && !firing:
				if !wrong || tooSoon(ticks[:i+1], d) {
					t.Fatalf("fires too soon, at %d of\n%s\n%s", i, ticks, got)
				}
			case letter == 'r' && !firing:
				t.Fatalf("resolved before it fired, at %d of\n%s\n%s", i, ticks, got)
			case firing && !fires && letter != 'r':
				t.Fatalf("an episode ended without being resolved, at %d of\n%s\n%s", i, ticks, got)
			case firing && !fires && (wrong || skipped):
				t.Fatalf("resolved though nothing was well, at %d of\n%s\n%s", i, ticks, got)
			case !fires && wrong && !tooSoon(ticks[:i+1], d):
				t.Fatalf("did not fire, at %d of\n%s\n%s", i, ticks, got)
			}
			firing = fires
		}
	})
}

// tooSoon tells whether the condition has not held for long enough up to the last of the ticks: back to the last tick that was well, or to a gap.
func tooSoon(ticks string, d alert.Definition) bool {
	first := len(ticks) - 1
	for i := first; i >= 0; i-- {
		switch {
		case ticks[i] == 'x', ticks[i] == '-' && d.NoData == alert.NoDataFiring:
			first = i
		case ticks[i] == 'o', ticks[i] == '-' && d.NoData == alert.NoDataOK, ticks[i] == '.':
			return time.Duration(len(ticks)-1-first)*d.Interval < d.For
		}
	}
	return time.Duration(len(ticks)-1-first)*d.Interval < d.For
}
