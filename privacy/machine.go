package privacy

import (
	"maps"
	"slices"
	"time"

	"github.com/observatory/observatory/internal/follow"
)

// Action is one small thing to do about a request. Doing it twice has the effect of doing it once: whoever is cut short begins it again.
type Action string

// The actions.
const (
	Rest     Action = "rest"     // nothing, until a person does something
	Wait     Action = "wait"     // for what was tried already
	Resolve  Action = "resolve"  // find out who the subjects are
	Bar      Action = "bar"      // put the suppressions, or free the subjects
	Await    Action = "await"    // the logs; whoever belongs to the subjects since is barred as well, and the logs are waited for once more
	Count    Action = "count"    // what a copy holds, before anything is erased
	Begin    Action = "begin"    // say that what was received before the barrier stays out for ever; from here on there is no way back. Then the logs are awaited for that, too
	Empty    Action = "empty"    // a copy: erase it, hold it, give back what it holds, or write the file
	Look     Action = "look"     // through a copy again
	Finish   Action = "finish"   // sign the certificate, forget who it was about
	Withdraw Action = "withdraw" // take back the suppressions of a request that was cancelled, forget who it was about
)

// Next says what is to be done now, and about which step; -1 where about none. tried are steps that something was tried about just now in vain:
// they wait while others go on. It and the verbs below are the whole machine: pure, so that the driver only does what Next says, has a verb
// write down what came of it, and looks again.
func (r *Request) Next(tried map[int]bool) (Action, int) {
	switch {
	case r.Asleep, r.State == Received:
		return Rest, -1
	case r.State == Cancelled:
		return Withdraw, -1
	case r.State.Final():
		return Rest, -1
	case r.State == Verified && !r.Resolved:
		return Resolve, -1
	case r.State == Verified && r.Approval == nil:
		return Rest, -1
	case r.Type == Export:
		return r.nextCopy(tried)
	case r.Mark == 0:
		return Bar, -1
	case r.Type == Suppress, r.Type == Unsuppress && len(r.Steps) == 0:
		return Finish, -1
	case r.Position == nil, r.Closing != 0:
		return Await, -1
	case r.State == Barrier && r.Type != Unsuppress:
		if r.is(StepWaiting) {
			return r.pick(Count, tried, StepWaiting)
		}
		return Begin, -1
	}
	return r.nextCopy(tried)
}

// nextCopy empties all before it looks through the first, because one copy may be made of another; but what fails keeps no other waiting.
func (r *Request) nextCopy(tried map[int]bool) (Action, int) {
	if action, i := r.pick(Empty, tried, StepWaiting, StepCounted); action != Wait {
		return action, i
	}
	if r.is(StepWaiting, StepCounted, StepErased) {
		return r.pick(Look, tried, StepErased)
	}
	return Finish, -1
}

// is tells whether a step is in one of the states.
func (r *Request) is(states ...StepState) bool {
	return slices.ContainsFunc(r.Steps, func(s Step) bool { return slices.Contains(states, s.State) })
}

// pick finds the first step in one of the states that was not tried.
func (r *Request) pick(a Action, tried map[int]bool, states ...StepState) (Action, int) {
	for i, s := range r.Steps {
		if slices.Contains(states, s.State) && !tried[i] {
			return a, i
		}
	}
	return Wait, -1
}

// The verbs. Each is what Next asked for, done at a time.

func (r *Request) become(s State, now time.Time) {
	if r.State != s {
		r.State, r.Changed, r.Waiting = s, now, ""
	}
}

// resolved says that it is known who the subjects are. Where nobody has approved yet, it rests.
func (r *Request) resolved(copies []string) {
	r.Resolved, r.Asleep = true, r.Approval == nil
	if r.Type == Export {
		r.plan(copies)
	}
}

// named says that more identifiers of the subjects were named, who have to be found out anew.
func (r *Request) named(more int) {
	r.Number += more
	r.Resolved, r.Asleep, r.Waiting = false, false, ""
}

// unknowable says that nobody can find out who the subjects are, however often it is tried.
func (r *Request) unknowable(why string, now time.Time) {
	r.Error = why
	r.end(Failed, now)
}

func (r *Request) plan(copies []string) {
	r.Steps = make([]Step, len(copies))
	for i, name := range copies {
		r.Steps[i] = Step{Copy: name, State: StepWaiting}
	}
}

// barred says that the suppressions are put, and which copies are to be dealt with.
func (r *Request) barred(mark follow.Mark, copies []string, now time.Time) {
	r.Mark = mark
	if r.State == Verified {
		r.plan(copies)
		r.become(Suppressed, now)
	}
}

// awaiting says what the logs are waited for.
func (r *Request) awaiting(why string, now time.Time) {
	r.become(Barrier, now)
	r.Waiting = why
}

// joined says that more IDs of the subjects are known, which have to be barred as well; the logs have to come past that.
func (r *Request) joined() { r.Mark = 0 }

// passed says that every log is past the barrier.
func (r *Request) passed(p Position, now time.Time) {
	r.become(Barrier, now)
	r.Position, r.Waiting = &p, ""
}

// counted says how much the copy held before anything was erased.
func (r *Request) counted(i int, h Holding) {
	s := &r.Steps[i]
	s.Before, s.State = h, StepCounted
	s.works()
}

// uncounted says that a copy cannot be counted now. What can be hidden is not kept waiting for that: after a while it goes on without.
func (r *Request) uncounted(i int, why string, patience time.Duration, now time.Time) {
	s := &r.Steps[i]
	s.fails(why, now)
	if now.Sub(*s.Failing) >= patience {
		s.State, s.Failing = StepCounted, nil
		s.note(Evidence{"counted_before": false})
	}
}

// begun says that from here on there is no way back. closing is the mark of what was said to stay out for ever; 0 where nothing was.
func (r *Request) begun(closing follow.Mark, now time.Time) {
	r.become(Deleting, now)
	r.Closing = closing
	r.proceed(now)
}

// closed says that every log is past that mark: no replay that was let in before can be stored any more, and copies that are emptied stay so. A
// log that will never get there is named among those of the barrier.
func (r *Request) closed(p Position, now time.Time) {
	r.Closing, r.Waiting = 0, ""
	for _, l := range p.Logs {
		if l.Retired {
			r.Position.Logs = append(slices.DeleteFunc(r.Position.Logs, func(known LogPosition) bool { return known.Log == l.Log }), l)
		}
	}
	r.proceed(now)
}

// emptied says that nobody sees anything of the subjects in the copy any more.
func (r *Request) emptied(i int, e Evidence, now time.Time) {
	s := &r.Steps[i]
	if s.Began == nil {
		s.Began = &now
	}
	if s.Erased == nil {
		s.Erased = &now
	}
	s.note(e)
	s.State = StepErased
	if r.Type == Export || r.Type == Unsuppress { // there is nothing to look through
		s.State, s.Ended = StepClear, &now
	}
	s.works()
	r.proceed(now)
}

// looked says what was found in a copy that is emptied. What is still to be removed is waited for; what turned up again is erased again.
func (r *Request) looked(i int, v Verification, patience time.Duration, now time.Time) {
	s := &r.Steps[i]
	s.After, s.Pending = v.Left, v.Pending
	s.note(v.Evidence)
	switch {
	case v.Left == 0 && v.Pending == "":
		s.State, s.Ended = StepClear, &now
		s.works()
	case v.Left > 0:
		s.State = StepCounted
		r.troubled(i, "Something of the subjects is still found.", patience, now)
	default:
		r.troubled(i, "", patience, now) // Pending says what is waited for
	}
	r.proceed(now)
}

// troubled says that an attempt at a copy did not do. When that goes on for longer than patience, the copy is given up.
func (r *Request) troubled(i int, why string, patience time.Duration, now time.Time) {
	s := &r.Steps[i]
	s.fails(why, now)
	if now.Sub(*s.Failing) >= patience {
		s.State, s.Ended = StepFailed, &now
	}
	r.proceed(now)
}

// proceed goes on to verifying once every copy is emptied. It never goes back.
func (r *Request) proceed(now time.Time) {
	if r.State == Deleting && r.Closing == 0 && !r.is(StepWaiting, StepCounted) {
		r.become(Verifying, now)
	}
}

// finished gives the request its final state.
func (r *Request) finished(now time.Time) {
	failed := 0
	for _, s := range r.Steps {
		if s.State == StepFailed {
			failed++
		}
	}
	state := Completed
	switch {
	case failed > 0 && failed == len(r.Steps):
		state, r.Error = Failed, "No copy could be dealt with."
	case failed > 0 || r.Position != nil && slices.ContainsFunc(r.Position.Logs, func(l LogPosition) bool { return l.Retired }):
		state = Exceptions
	}
	r.end(state, now)
}

func (r *Request) end(s State, now time.Time) {
	r.become(s, now)
	r.Ended, r.Asleep = &now, s != Cancelled // what a cancelled one has put is to be taken back
}

// fails says that the last attempt did not do, and why.
func (s *Step) fails(why string, now time.Time) {
	s.Error = why
	if s.Failing == nil {
		s.Failing = &now
	}
}

// works says that the last attempt did.
func (s *Step) works() { s.Failing, s.Error = nil, "" }

// note adds evidence.
func (s *Step) note(e Evidence) {
	if s.Evidence == nil {
		s.Evidence = Evidence{}
	}
	maps.Copy(s.Evidence, e)
}
