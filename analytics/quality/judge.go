package quality

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/observatory/observatory/analytics/robust"
)

// What follows judges: from what was measured to a verdict and a sentence, with no look at anything else.

// Span is the time that was looked at, in the tenant's time zone: From inclusive, To exclusive.
type Span struct{ From, To time.Time }

// never is how many events are usual where none at all is no chance any more (1 in 20,000), if every week had some.
const never = 10

// enough is how many events it takes for a share of them to fail.
const enough = 20

// nearly is the share of a limit from which on a check warns.
const nearly = 0.8

// JudgeVolume compares the events of a span with samples of the same hours of past weeks. Outside of what is usual it warns; as far
// again outside, or where nothing came and something had to, it fails.
func JudgeVolume(d Definition, span Span, events float64, samples []Sample) Result {
	r := Result{Verdict: Pass, Value: &events, Samples: samples}
	found := fmt.Sprintf("%s from %s.", countText(events, d.Event), span)
	values := make([]float64, len(samples))
	for i, s := range samples {
		values[i] = s.Value
	}
	mid, _, high, ok := robust.Around(values, d.Tolerance)
	if !ok {
		r.Verdict = Unknown
		r.Explanation = fmt.Sprintf("%s Not enough history to say what is usual: it takes the same hours of %d past weeks, and there are %d.", found, robust.MinSamples, len(samples))
		return r
	}
	// Counts scatter by chance alone, by about their root. Few samples may look steadier than that.
	width := max(high-mid, d.Tolerance*math.Sqrt(max(mid, 1)))
	low := max(0, mid-width)
	high = mid + width
	if mid >= never && slices.Min(values) > 0 {
		low = max(low, 1)
	}
	r.Expected, r.Low, r.High = &mid, &low, &high
	how := "As usual"
	switch {
	case events < low:
		r.Verdict, how = Warn, "Fewer than usual"
	case events > high:
		r.Verdict, how = Warn, "More than usual"
	}
	if math.Abs(events-mid) > 2*width || events == 0 && low > 0 {
		r.Verdict = Fail
	}
	r.Explanation = fmt.Sprintf("%s %s: %s to %s were expected, after the same hours of %d past weeks (%s), with a median of %s.",
		found, how, numberText(math.Ceil(low)), numberText(math.Floor(high)), len(samples), weeksText(samples), numberText(mid))
	return r
}

// JudgeNulls judges in how many of all events the property was missing. It fails above the share that is allowed, and warns from four
// fifths of it on. Where some may lack it, a share of only a few events is as good as chance, and warns at most.
func JudgeNulls(d Definition, span Span, missing, all float64) Result {
	low, high := 0.0, d.MaxShare
	r := Result{Verdict: Pass, Low: &low, High: &high}
	if all == 0 {
		r.Verdict = Unknown
		r.Explanation = fmt.Sprintf("%s from %s, so there is no share to speak of.", countText(0, d.Event), span)
		return r
	}
	share := min(missing/all, 1) // more events may have come while the two were counted
	r.Value = &share
	r.Verdict = limitVerdict(share, d.MaxShare)
	few := r.Verdict == Fail && d.MaxShare > 0 && all < enough
	r.Explanation = fmt.Sprintf("%s is missing in %s of %s (%s) from %s; at most %s may lack it.",
		d.Property, numberText(missing), countText(all, d.Event), shareText(share), span, shareText(d.MaxShare))
	if few {
		r.Verdict = Warn
		r.Explanation += fmt.Sprintf(" Of fewer than %d events that only warns.", enough)
	}
	return r
}

// JudgeFreshness judges when the newest event was received; the zero time is never. It fails above the time that is allowed, and warns
// from four fifths of it on.
func JudgeFreshness(d Definition, now, newest time.Time) Result {
	low, high := 0.0, d.SLA.Seconds()
	r := Result{Verdict: Pass, Low: &low, High: &high}
	if newest.IsZero() {
		r.Verdict = Unknown
		r.Explanation = fmt.Sprintf("No %s has come yet. This is checked from the first one on.", eventText(1, d.Event))
		return r
	}
	age := max(now.Sub(newest), 0).Seconds()
	r.Value = &age
	r.Verdict = limitVerdict(age, high)
	r.Explanation = fmt.Sprintf("The newest %s was received %s ago, on %s; it may be %s old.",
		eventText(1, d.Event), ageText(now.Sub(newest)), newest.In(now.Location()).Format("Mon 2 Jan 2006, 15:04:05"), lengthText(d.SLA))
	return r
}

// JudgeLedger judges which hours do not balance. A single one fails.
func JudgeLedger(span Span, unbalanced []time.Time) Result {
	zero, hours := 0.0, float64(len(unbalanced))
	r := Result{Verdict: Pass, Value: &hours, Low: &zero, High: &zero}
	if len(unbalanced) == 0 {
		r.Explanation = fmt.Sprintf("Every event received since %s has one outcome, and what is stored agrees with it.", span.From.Format("Mon 2 Jan, 15:04"))
		return r
	}
	r.Verdict = Fail
	const shown = 5
	r.Explanation = fmt.Sprintf("%s since %s: %s. What is stored there does not agree with what was received.",
		plural(hours, "hour does not balance", "hours do not balance"), span.From.Format("Mon 2 Jan, 15:04"),
		someOf(unbalanced, shown, func(t time.Time) string { return t.In(span.From.Location()).Format("Mon 2 Jan 15:04") }))
	return r
}

// limitVerdict is of a value that may be as large as limit.
func limitVerdict(value, limit float64) Verdict {
	switch {
	case value > limit:
		return Fail
	case limit > 0 && value > nearly*limit:
		return Warn
	}
	return Pass
}

// notYet is of a span whose events are not all stored.
func notYet(span Span, storedUntil time.Time) Result {
	return Result{Verdict: Unknown, Explanation: fmt.Sprintf("Not all events from %s were stored when this was checked, only those received before %s.",
		span, storedUntil.In(span.From.Location()).Format("Mon 2 Jan, 15:04:05"))}
}

// tooMuch is of a question that takes longer than one may.
func tooMuch(why string) Result {
	return Result{Verdict: Unknown, Explanation: "It could not be measured. " + why}
}
