package api

import (
	"encoding/json"

	"github.com/google/uuid"

	"github.com/observatory/observatory/api/gen"
	"github.com/observatory/observatory/privacy"
)

// How requests about people are shown.

func (s *server) privacyRequestOut(r privacy.Request) gen.PrivacyRequest {
	out := gen.PrivacyRequest{
		Id: uuid.UUID(r.ID), Type: gen.PrivacyRequestType(r.Type), State: gen.PrivacyRequestState(r.State), Note: r.Note, Suppress: r.Stay, Subjects: r.Number,
		Origin: gen.PrivacyRequestOrigin(r.Origin), FiledAt: shown(r.FiledAt), FiledBy: r.FiledBy.Label, Deadline: shown(r.Deadline), ExtensionReason: orNil(r.Extended),
		Overdue: r.Overdue(s.deps.Now()), Resolved: r.Resolved, NeedsApproval: r.Approval == nil && !r.State.Final(), Cancellable: r.State.Cancellable(),
		WaitingFor: orNil(r.Waiting), ChangedAt: shown(r.Changed), EndedAt: shownOrNil(r.Ended), Error: orNil(r.Error),
	}
	if r.Approval != nil {
		at := shown(r.Approval.At)
		out.ApprovedAt, out.ApprovedBy = &at, &r.Approval.By
	}
	return out
}

func (s *server) privacyDetailsOut(r privacy.Request, moments []privacy.Moment) (out gen.PrivacyRequestDetails, err error) {
	text, err := json.Marshal(s.privacyRequestOut(r)) // the generated type repeats the fields of the other
	if err != nil {
		return out, err
	}
	if err := json.Unmarshal(text, &out); err != nil {
		return out, err
	}
	out.Copies = each(r.Steps, privacyStepOut)
	out.Timeline = each(moments, func(m privacy.Moment) gen.PrivacyMoment {
		return gen.PrivacyMoment{At: shown(m.At), State: gen.PrivacyRequestState(m.State), Actor: m.Actor, Text: m.Text}
	})
	if p := r.Position; p != nil {
		out.Barrier = &gen.PrivacyBarrier{
			ReceivedBefore: shown(p.ReceivedBefore),
			Logs: each(p.Logs, func(l privacy.LogPosition) gen.PrivacyLog {
				return gen.PrivacyLog{Log: l.Log, Host: l.Host, Kind: l.Kind, End: l.End, Clock: shown(l.Clock), Retired: l.Retired, Text: l.Text}
			}),
		}
	}
	return out, nil
}

func privacyStepOut(s privacy.Step) gen.PrivacyStep {
	out := gen.PrivacyStep{
		Copy: s.Copy, State: gen.PrivacyStepState(s.State), Before: s.Before.Items, After: s.After, Unit: s.Before.Unit, Pending: orNil(s.Pending),
		BeganAt: shownOrNil(s.Began), ErasedAt: shownOrNil(s.Erased), EndedAt: shownOrNil(s.Ended), Error: orNil(s.Error), Evidence: s.Evidence,
	}
	if out.Evidence == nil {
		out.Evidence = map[string]any{}
	}
	return out
}
