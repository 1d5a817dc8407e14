package privacy

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/observatory/observatory/internal/follow"
)

// history drives a request through whatever may happen, and checks at each step what must hold. It stands for the driver, for copies that
// fail, for logs that are slow, and for people who approve and cancel.
type history struct {
	*rapid.T
	r      Request
	now    time.Time
	kind   map[int]string // what each copy has in store: it ends well, is left over for a while, or never works
	looked map[int]bool
	barred map[follow.Mark]bool
	begun  bool
	closed bool
}

const testPatience = time.Hour

func TestMachine(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		h := &history{T: t, now: time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC), kind: map[int]string{}, looked: map[int]bool{}, barred: map[follow.Mark]bool{}}
		types := []Type{Erase, Export, Suppress, Unsuppress, Restrict}
		h.r = Request{Type: rapid.SampledFrom(types).Draw(t, "type"), State: Verified, Changed: h.now}
		if rapid.Bool().Draw(t, "approved") {
			h.r.Approval = &Approval{At: h.now}
		}
		copies := rapid.IntRange(0, 4).Draw(t, "copies")
		for range 300 {
			before := h.r.State
			if !h.step(copies) {
				break
			}
			require.LessOrEqual(t, slices.Index(States(), before), slices.Index(States(), h.r.State), "a state never goes back")
			require.Equal(t, h.r.State.Final(), h.r.Ended != nil)
		}
		h.judge()
	})
}

// step does what is to be done next, or what somebody wants; false at the end.
func (h *history) step(copies int) bool {
	h.now = h.now.Add(time.Duration(rapid.IntRange(1, 40).Draw(h.T, "minutes")) * time.Minute)
	if h.r.State.Cancellable() && rapid.IntRange(0, 30).Draw(h.T, "cancel") == 0 {
		require.False(h, h.begun, "nothing was erased yet")
		h.r.end(Cancelled, h.now)
	}
	tried := map[int]bool{}
	for rapid.IntRange(0, 3).Draw(h.T, "go on") > 0 || len(tried) == 0 {
		action, i := h.r.Next(tried)
		if action == Rest {
			if h.r.State == Verified && h.r.Approval == nil && h.r.Resolved {
				h.r.Approval, h.r.Asleep = &Approval{At: h.now}, false
				return true
			}
			return false
		}
		if action == Wait || h.act(action, i, copies) {
			tried[i] = true
		}
		if action == Wait || i < 0 && tried[i] {
			return true
		}
	}
	return true
}

// act does one action with an outcome of chance, and tells whether there is something to wait for.
func (h *history) act(action Action, i, copies int) (waits bool) {
	r := &h.r
	chance := func(what string, of int) bool { return rapid.IntRange(1, of).Draw(h.T, what) == 1 }
	names := make([]string, copies)
	switch action {
	case Resolve:
		r.resolved([]string{exportStep})
	case Bar:
		require.NotNil(h, r.Approval, "nothing happens unless somebody has approved")
		if r.Type == Suppress {
			names = nil
		}
		mark := follow.Mark(len(h.barred) + 1)
		h.barred[mark] = true
		r.barred(mark, names, h.now)
	case Await:
		if r.Closing != 0 {
			return h.close(chance)
		}
		require.True(h, h.barred[r.Mark], "logs are waited for after the suppression")
		switch {
		case chance("logs are slow", 2):
			r.awaiting("logs", h.now)
			return true
		case r.Type != Unsuppress && chance("somebody joins", 5):
			r.joined()
		default:
			r.passed(Position{Logs: []LogPosition{{Retired: chance("retired", 10)}}}, h.now)
		}
	case Count:
		require.NotNil(h, r.Position)
		if chance("count fails", 4) {
			r.uncounted(i, "no", countPatience, h.now)
			return true
		}
		r.counted(i, Holding{Items: 5})
	case Begin:
		require.False(h, r.is(StepWaiting), "all are counted before the first is erased")
		h.begun = true
		if r.Type != Erase {
			r.begun(0, h.now)
			break
		}
		mark := follow.Mark(len(h.barred) + 1)
		h.barred[mark] = true
		r.begun(mark, h.now)
	case Empty:
		require.True(h, h.begun || r.Type == Export || r.Type == Unsuppress, "nothing is erased before the barrier")
		require.True(h, h.closed || r.Type != Erase, "nor before nothing can come back")
		require.NotEqual(h, Cancelled, r.State)
		if h.kind[i] == "" {
			h.kind[i] = rapid.SampledFrom([]string{"well", "well", "well", "never"}).Draw(h.T, "copy")
		}
		if h.kind[i] == "never" || chance("erase fails", 4) {
			r.troubled(i, "no", testPatience, h.now)
			return true
		}
		r.emptied(i, Evidence{"n": 1}, h.now)
	case Look:
		require.NotNil(h, r.Steps[i].Erased)
		require.False(h, r.Steps[i].State.Final())
		switch {
		case chance("look fails", 4):
			r.troubled(i, "no", testPatience, h.now)
			return true
		case chance("left over", 4):
			r.looked(i, Verification{Left: 1}, testPatience, h.now)
			return true
		case chance("pending", 4):
			r.looked(i, Verification{Pending: "a part"}, testPatience, h.now)
			return true
		}
		h.looked[i] = true
		r.looked(i, Verification{}, testPatience, h.now)
	case Finish:
		r.finished(h.now)
	case Withdraw:
		r.Asleep = true
	case Rest, Wait:
	}
	return false
}

// close is Await once it is said that what was erased stays out.
func (h *history) close(chance func(what string, of int) bool) (waits bool) {
	r := &h.r
	require.True(h, h.begun && h.barred[r.Closing] && r.Closing != r.Mark, "logs are waited for after that was said")
	require.Equal(h, Deleting, r.State)
	require.False(h, r.is(StepErased, StepClear, StepFailed))
	if chance("logs are slow", 2) {
		return true
	}
	h.closed = true
	if chance("retired by now", 10) {
		r.closed(Position{Logs: []LogPosition{{Retired: true}}}, h.now)
	} else {
		r.closed(Position{}, h.now)
	}
	return false
}

// judge says what must hold at the end, and that there is one.
func (h *history) judge() {
	r := &h.r
	require.True(h, r.State.Final(), "it comes to an end: %s", r.State)
	require.True(h, r.Asleep)
	action, _ := r.Next(nil)
	require.Equal(h, Rest, action)
	clear := true
	for i, s := range r.Steps {
		if r.State != Cancelled {
			require.True(h, s.State.Final())
		}
		clear = clear && s.State == StepClear
		require.False(h, s.State == StepClear && s.After > 0)
		if s.State == StepClear && (r.Type == Erase || r.Type == Restrict) {
			require.True(h, h.looked[i], "nothing is said to be clear that was not looked through")
		}
	}
	missed := r.Position != nil && r.Position.Logs[0].Retired
	if r.State != Cancelled {
		require.Equal(h, clear && !missed, r.State == Completed, "completed is what is done, and nothing else")
	}
}

// A deadline is a calendar month later, and on the last day of a shorter one.
func TestMonthsLater(t *testing.T) {
	t.Parallel()
	day := func(text string) time.Time {
		at, err := time.Parse(time.DateOnly, text)
		require.NoError(t, err)
		return at
	}
	for filed, want := range map[string]string{"2026-01-31": "2026-02-28", "2028-01-31": "2028-02-29", "2026-08-31": "2026-09-30", "2026-11-21": "2026-12-21", "2026-12-05": "2027-01-05"} {
		require.Equal(t, day(want), monthsLater(day(filed), 1))
	}
	require.Equal(t, day("2027-02-28"), monthsLater(day("2026-11-30"), 3))
}

// What goes into a server's log names no subject.
func TestScrub(t *testing.T) {
	t.Parallel()
	people := []Person{{Given: Identifier{Kind: Email, Value: "ada@example.com"}, Subjects: Subjects{UserIDs: []string{"ada"}, AnonymousIDs: []string{"anon-1"}}}}
	require.Equal(t, "near '[subject]': [subject], [subject]", scrub("near 'ada@example.com': ada, anon-1", people))
}
