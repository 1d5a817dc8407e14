package privacy

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/tenants"
)

// ErrTooManySubjects is returned for identifiers that would make a request longer than MaxSubjects.
var ErrTooManySubjects = fault.New(fault.Invalid, "too_many_subjects", "A request names at most %d people. File another one for these.", MaxSubjects)

// approvable tells whether the request waits for somebody's word: nobody gives it before it is known who is meant.
func (r *Request) approvable() bool { return r.State == Verified && r.Resolved && r.Approval == nil }

// name adds identifiers to a request that waits for approval.
func (s *Service) name(ctx context.Context, by tenants.By, id ID, more []Identifier) (Request, error) {
	if err := by.Principal.Require(tenants.ManagePrivacy); err != nil {
		return Request{}, err
	}
	normal, err := normalAll(more)
	if err != nil {
		return Request{}, err
	}
	known, err := s.requests.People(ctx, by.Principal.Tenant, id, 0, MaxSubjects)
	if err != nil {
		return Request{}, fmt.Errorf("read whom the request is about: %w", err)
	}
	normal = slices.DeleteFunc(normal, func(i Identifier) bool {
		return slices.ContainsFunc(known, func(p Person) bool { return p.Given == i })
	})
	return s.requests.Change(ctx, by.Principal.Tenant, id, func(r *Request) (Change, error) {
		switch {
		case !r.approvable() || r.Number != len(known): // somebody else was faster
			return Change{}, ErrNotApprovable
		case r.Number+len(normal) > MaxSubjects:
			return Change{}, ErrTooManySubjects
		}
		if err := tells(r.Note, normal); err != nil {
			return Change{}, err
		}
		if len(normal) == 0 {
			return Change{}, nil
		}
		r.named(len(normal))
		now := s.now().UTC().Truncate(time.Microsecond)
		change := Change{Moments: []Moment{{At: now, State: r.State, Actor: by.Principal.Actor.Label, Text: fmt.Sprintf("Further identifiers of the subjects were named: %d.", len(normal))}}}
		for _, i := range normal {
			change.More = append(change.More, Person{Given: i})
		}
		e, job := entry(by, id, "privacy_request.named", now, tenants.Details{"named": strconv.Itoa(len(normal)), "subjects": strconv.Itoa(r.Number)}), AdvanceJob(by.Principal.Tenant, id)
		change.Audit, change.Job = &e, &job
		return change, nil
	})
}
