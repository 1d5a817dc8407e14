package privacy_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/internal/follow"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/privacy/certificate"
	"github.com/observatory/observatory/tenants"
)

func TestErase(t *testing.T) {
	t.Parallel()
	s := newWorld(t).scene()
	s.people.join("ada", "ada-2")
	r := s.file(privacy.Filing{Type: privacy.Erase, Suppress: true, Note: "Ticket 7"}, "ada")
	require.Equal(t, privacy.Verified, r.State)
	r = s.settle(s.deps, r.ID)
	require.Equal(t, privacy.Completed, r.State)
	require.Equal(t, map[string]int64{"bob": 1}, s.events.has)
	require.Equal(t, map[string]int64{"bob": 1}, s.profiles.has)

	require.Len(t, r.Steps, 2)
	require.Equal(t, privacy.Holding{Items: 3, Unit: "rows"}, r.Steps[0].Before)
	require.Equal(t, privacy.StepClear, r.Steps[1].State)
	require.Equal(t, "q-1", r.Steps[1].Evidence["query"])
	require.True(t, r.Position.ReceivedBefore.After(r.FiledAt))
	for _, user := range []string{"ada", "ada-2"} {
		require.Equal(t, privacy.Barred, s.standing(user).Standing)
		require.Equal(t, r.Position.ReceivedBefore, *s.standing(user).Erased)
	}
	require.Equal(t, privacy.Free, s.standing("bob").Standing)

	people, err := s.service.People(t.Context(), s.by(s.tenant), r.ID, 0, 10)
	require.NoError(t, err)
	require.Empty(t, people, "nobody knows any more whom it was about")
	signed, err := s.certificates.Find(t.Context(), s.tenant, uuid.UUID(r.ID))
	require.NoError(t, err)
	keys, err := s.certificates.Keys(t.Context())
	require.NoError(t, err)
	require.NotEmpty(t, keys)
	require.NotEmpty(t, signed.JWS)

	_, moments, err := s.service.Get(t.Context(), s.tenant, r.ID)
	require.NoError(t, err)
	var states []privacy.State
	for _, m := range moments {
		require.NotContains(t, m.Text, "ada")
		if len(states) == 0 || states[len(states)-1] != m.State {
			states = append(states, m.State)
		}
	}
	require.Equal(t, []privacy.State{privacy.Verified, privacy.Suppressed, privacy.Barrier, privacy.Deleting, privacy.Verifying, privacy.Completed}, states)
}

// A person who starts empty is free again, and what was received before stays out.
func TestEraseAndStartEmpty(t *testing.T) {
	t.Parallel()
	s := newWorld(t).scene()
	r := s.file(privacy.Filing{Type: privacy.Erase}, "ada")
	r = s.settle(s.deps, r.ID)
	require.Equal(t, privacy.Completed, r.State)
	require.Equal(t, privacy.Free, s.standing("ada").Standing)
	require.Equal(t, r.Position.ReceivedBefore, *s.standing("ada").Erased)
}

// Who turns out to be the same person while the logs are waited for is erased as well, behind a barrier of their own.
func TestSomebodyJoins(t *testing.T) {
	t.Parallel()
	s := newWorld(t).scene()
	deps := s.deps
	first := true
	deps.Barriers = barriers(func(ctx context.Context, mark follow.Mark) (privacy.Position, bool, []string, error) {
		if first {
			first = false
			s.people.join("ada", "ada-2")
		}
		return s.deps.Barriers.Barrier(ctx, mark)
	})
	r := s.settle(deps, s.file(privacy.Filing{Type: privacy.Erase, Suppress: true}, "ada").ID)
	require.Equal(t, privacy.Completed, r.State)
	require.Equal(t, map[string]int64{"bob": 1}, s.events.has)
	require.Equal(t, r.Position.ReceivedBefore, *s.standing("ada-2").Erased)
}

type barriers func(ctx context.Context, mark follow.Mark) (privacy.Position, bool, []string, error)

func (b barriers) Barrier(ctx context.Context, mark follow.Mark) (privacy.Position, bool, []string, error) {
	return b(ctx, mark)
}

func TestRestrictAndFree(t *testing.T) {
	t.Parallel()
	s := newWorld(t).scene()
	r := s.settle(s.deps, s.file(privacy.Filing{Type: privacy.Restrict}, "ada").ID)
	require.Equal(t, privacy.Completed, r.State)
	require.Equal(t, privacy.Restricted, s.standing("ada").Standing)
	require.Nil(t, s.standing("ada").Erased)
	require.Equal(t, map[string]int64{"ada-2": 1, "bob": 1}, s.events.has)
	require.Equal(t, map[string]int64{"ada": 2}, s.events.held)

	r = s.settle(s.deps, s.file(privacy.Filing{Type: privacy.Unsuppress}, "ada").ID)
	require.Equal(t, privacy.Completed, r.State)
	require.Equal(t, privacy.Free, s.standing("ada").Standing)
	require.Equal(t, map[string]int64{"ada": 2, "ada-2": 1, "bob": 1}, s.events.has)
	require.Empty(t, s.events.held)
}

func TestSuppressAndFree(t *testing.T) {
	t.Parallel()
	s := newWorld(t).scene()
	r := s.settle(s.deps, s.file(privacy.Filing{Type: privacy.Suppress}, "ada").ID)
	require.Equal(t, privacy.Completed, r.State)
	require.Empty(t, r.Steps)
	require.Equal(t, privacy.Barred, s.standing("ada").Standing)
	require.EqualValues(t, 2, s.events.has["ada"])
	r = s.settle(s.deps, s.file(privacy.Filing{Type: privacy.Unsuppress}, "ada").ID)
	require.Equal(t, privacy.Completed, r.State)
	require.Equal(t, privacy.Free, s.standing("ada").Standing)
}

// A request that waits for approval shows who is meant; one that is called off leaves everything as it was before.
func TestApproveAndCancel(t *testing.T) {
	t.Parallel()
	s := newWorld(t).scene()
	s.people.join("ada", "ada-2")
	s.settle(s.deps, s.file(privacy.Filing{Type: privacy.Suppress}, "ada-2").ID)
	by := s.by(s.tenant)

	r := s.file(privacy.Filing{Type: privacy.Erase, Suppress: true, Confirm: true}, "ada")
	_, err := s.service.Approve(t.Context(), by, r.ID, nil)
	require.ErrorIs(t, err, privacy.ErrNotApprovable, "nobody knows yet who is meant")
	r = s.settle(s.deps, r.ID)
	require.Equal(t, privacy.Verified, r.State)
	people, err := s.service.People(t.Context(), by, r.ID, 0, 10)
	require.NoError(t, err)
	require.Equal(t, []string{"ada", "ada-2"}, people[0].UserIDs)
	require.Equal(t, privacy.Free, s.standing("ada").Standing, "nothing has happened yet")

	_, err = s.service.Approve(t.Context(), by, r.ID, nil)
	require.NoError(t, err)
	stuck := s.deps
	stuck.Barriers = barriers(func(context.Context, follow.Mark) (privacy.Position, bool, []string, error) {
		return privacy.Position{}, false, []string{"Log 1 is slow"}, nil
	})
	require.ErrorContains(t, s.advance(stuck, r.ID), "later", "others are suppressed first")
	require.Equal(t, privacy.Suppressed, s.get(r.ID).State)
	require.ErrorContains(t, s.advance(stuck, r.ID), "later")
	r = s.get(r.ID)
	require.Equal(t, privacy.Barrier, r.State)
	require.Equal(t, "Log 1 is slow", r.Waiting)
	require.Equal(t, privacy.Barred, s.standing("ada").Standing)

	_, err = s.service.Cancel(t.Context(), by, r.ID)
	require.NoError(t, err)
	r = s.settle(s.deps, r.ID)
	require.Equal(t, privacy.Cancelled, r.State)
	require.Equal(t, privacy.Free, s.standing("ada").Standing)
	require.Equal(t, privacy.Barred, s.standing("ada-2").Standing, "as it was before")
	people, err = s.service.People(t.Context(), by, r.ID, 0, 10)
	require.NoError(t, err)
	require.Empty(t, people)
	_, err = s.service.Cancel(t.Context(), by, r.ID)
	require.ErrorIs(t, err, privacy.ErrNotCancellable)
}

// Whoever approves may name further identifiers. They are looked up and shown, and the request waits once more; it, its history and its
// certificate count them.
func TestFurtherIdentifiers(t *testing.T) {
	t.Parallel()
	s := newWorld(t).scene()
	by, bob := s.by(s.tenant), privacy.Identifier{Kind: privacy.UserID, Value: "bob"}
	r := s.file(privacy.Filing{Type: privacy.Erase, Suppress: true, Confirm: true, Note: "Ticket of Robert"}, "ada")
	_, err := s.service.Approve(t.Context(), by, r.ID, []privacy.Identifier{bob})
	require.ErrorIs(t, err, privacy.ErrNotApprovable, "nobody knows yet who is meant")
	r = s.settle(s.deps, r.ID)

	for _, c := range []struct {
		more []privacy.Identifier
		want error
	}{
		{[]privacy.Identifier{{Kind: privacy.Email}}, privacy.ErrSubjectInvalid},
		{[]privacy.Identifier{{Kind: privacy.UserID, Value: "robert"}}, privacy.ErrNoteTelling},
		{many(privacy.MaxSubjects), privacy.ErrTooManySubjects},
	} {
		_, err := s.service.Approve(t.Context(), by, r.ID, c.more)
		require.ErrorIs(t, err, c.want)
	}
	r, err = s.service.Approve(t.Context(), by, r.ID, []privacy.Identifier{{Kind: privacy.UserID, Value: "ada"}, bob})
	require.NoError(t, err)
	require.Equal(t, 2, r.Number, "who is named already counts once")
	require.Nil(t, r.Approval)
	_, err = s.service.Approve(t.Context(), by, r.ID, nil)
	require.ErrorIs(t, err, privacy.ErrNotApprovable, "nobody has seen who bob is")
	r = s.settle(s.deps, r.ID)
	require.Equal(t, privacy.Verified, r.State)
	people, err := s.service.People(t.Context(), by, r.ID, 0, 10)
	require.NoError(t, err)
	require.Len(t, people, 2)
	require.Equal(t, []string{"bob"}, people[1].UserIDs)
	require.Equal(t, map[string]int64{"ada": 2, "ada-2": 1, "bob": 1}, s.events.has, "nothing has happened yet")

	_, err = s.service.Approve(t.Context(), by, r.ID, nil)
	require.NoError(t, err)
	r = s.settle(s.deps, r.ID)
	require.Equal(t, privacy.Completed, r.State)
	require.Equal(t, map[string]int64{"ada-2": 1}, s.events.has)
	require.EqualValues(t, 3, r.Steps[0].Before.Items)
	_, moments, err := s.service.Get(t.Context(), s.tenant, r.ID)
	require.NoError(t, err)
	var texts []string
	for _, m := range moments {
		texts = append(texts, m.Text)
	}
	require.Contains(t, texts, "Further identifiers of the subjects were named: 1.")
	signed, err := s.certificates.Find(t.Context(), s.tenant, uuid.UUID(r.ID))
	require.NoError(t, err)
	keys, err := s.certificates.Keys(t.Context())
	require.NoError(t, err)
	said, err := certificate.Verify(signed.JWS, keys)
	require.NoError(t, err)
	require.Equal(t, 2, said.Request.Subjects)
}

func many(n int) []privacy.Identifier {
	all := make([]privacy.Identifier, n)
	for i := range all {
		all[i] = privacy.Identifier{Kind: privacy.UserID, Value: fmt.Sprint("somebody ", i)}
	}
	return all
}

// Whoever calls a request off in the moment in which its suppressions are put, has them taken back all the same.
func TestCancelledInBetween(t *testing.T) {
	t.Parallel()
	s := newWorld(t).scene()
	r := s.file(privacy.Filing{Type: privacy.Erase, Suppress: true}, "ada")
	deps := s.deps
	deps.Suppressions = puts(func(ctx context.Context, tenant tenants.ID, request uuid.UUID, entries []privacy.Entry) (follow.Mark, error) {
		mark, err := s.suppressions.Put(ctx, tenant, request, entries)
		if entries[0].Standing == privacy.Barred {
			require.Equal(t, privacy.Barred, s.standing("ada").Standing)
			_, err = s.service.Cancel(ctx, s.by(s.tenant), r.ID)
		}
		return mark, err
	})
	require.Equal(t, privacy.Cancelled, s.settle(deps, r.ID).State)
	require.Equal(t, privacy.Free, s.standing("ada").Standing)
	require.Equal(t, map[string]int64{"ada": 2, "ada-2": 1, "bob": 1}, s.events.has)
}

type puts func(ctx context.Context, tenant tenants.ID, request uuid.UUID, entries []privacy.Entry) (follow.Mark, error)

func (p puts) Put(ctx context.Context, tenant tenants.ID, request uuid.UUID, entries []privacy.Entry) (follow.Mark, error) {
	return p(ctx, tenant, request, entries)
}

// Nobody is freed by the way while they are being erased, and what nobody can ever find out fails at once.
func TestWhatCannotGoOn(t *testing.T) {
	t.Parallel()
	s := newWorld(t).scene()
	erasure := s.file(privacy.Filing{Type: privacy.Erase, Suppress: true, Confirm: true}, "ada", "bob")
	free := privacy.Filing{Type: privacy.Unsuppress, Origin: privacy.ByMember, Subjects: []privacy.Identifier{{Kind: privacy.UserID, Value: "bob"}}}
	_, err := s.service.File(t.Context(), s.by(s.tenant), free)
	require.ErrorIs(t, err, privacy.ErrSubjectBusy)

	deps := s.deps
	deps.Resolver = tooBroad{}
	r := s.settle(deps, erasure.ID)
	require.Equal(t, privacy.Failed, r.State)
	require.Equal(t, "Too broad.", r.Error)
	people, err := s.requests.People(t.Context(), s.tenant, r.ID, 0, 10)
	require.NoError(t, err)
	require.Empty(t, people)
	_, err = s.service.File(t.Context(), s.by(s.tenant), free)
	require.NoError(t, err)
}

type tooBroad struct{}

func (tooBroad) Resolve(context.Context, tenants.ID, []privacy.Identifier) ([]privacy.Person, error) {
	return nil, fault.New(fault.Invalid, "subject_too_broad", "Too broad.")
}

// A copy that never works is given up after a while, and the request says so; the others are not kept waiting.
func TestACopyThatNeverWorks(t *testing.T) {
	t.Parallel()
	s := newWorld(t).scene()
	deps := s.deps
	deps.Copies = []privacy.Copy{broken{s.events}, s.profiles}
	r := s.file(privacy.Filing{Type: privacy.Erase, Suppress: true}, "ada")
	s.settle(deps, r.ID)
	require.Equal(t, privacy.Deleting, s.get(r.ID).State)
	require.EqualValues(t, 0, s.profiles.has["ada"])
	require.Equal(t, "Away.", s.get(r.ID).Steps[0].Error)
	s.now = s.now.Add(73 * time.Hour)
	r = s.settle(deps, r.ID)
	require.Equal(t, privacy.Exceptions, r.State)
	require.Equal(t, privacy.StepFailed, r.Steps[0].State)
	require.Equal(t, privacy.StepClear, r.Steps[1].State)
}

type broken struct{ *shelf }

func (broken) Erase(context.Context, tenants.ID, privacy.Operation) (privacy.Evidence, error) {
	return nil, fault.New(fault.Unavailable, "away", "Away.")
}

// killer counts what a driver does to the world and ends it before or after any of that.
type killer struct {
	at    int64 // the deed at which it ends; before it where even
	deeds atomic.Int64
	dead  atomic.Bool
}

// deed does something, unless that is where everything ends.
func (k *killer) deed(do func() error) error {
	if n := k.deeds.Add(1); k.dead.Load() || 2*n == k.at {
		k.dead.Store(true)
		return errDied
	}
	err := do()
	if 2*k.deeds.Load()+1 == k.at {
		k.dead.Store(true)
		return errDied
	}
	return err
}

type mortalRequests struct {
	privacy.Requests
	*killer
}

func (m mortalRequests) Change(ctx context.Context, tenant tenants.ID, id privacy.ID, fn func(*privacy.Request) (privacy.Change, error)) (r privacy.Request, err error) {
	err = m.deed(func() error {
		r, err = m.Requests.Change(ctx, tenant, id, fn)
		return err
	})
	return r, err
}

type mortalSuppressions struct {
	privacy.Suppressions
	*killer
}

func (m mortalSuppressions) Put(ctx context.Context, tenant tenants.ID, request uuid.UUID, entries []privacy.Entry) (mark follow.Mark, err error) {
	err = m.deed(func() error {
		mark, err = m.Suppressions.Put(ctx, tenant, request, entries)
		return err
	})
	return mark, err
}

type mortalCopy struct {
	*shelf
	*killer
}

func (m mortalCopy) Erase(ctx context.Context, tenant tenants.ID, op privacy.Operation) (e privacy.Evidence, err error) {
	err = m.deed(func() error {
		e, err = m.shelf.Erase(ctx, tenant, op)
		return err
	})
	return e, err
}

type mortalCertifier struct {
	privacy.Certifier
	*killer
}

func (m mortalCertifier) Certify(ctx context.Context, r privacy.Request) (e privacy.Evidence, err error) {
	err = m.deed(func() error {
		e, err = m.Certifier.Certify(ctx, r)
		return err
	})
	return e, err
}

// Wherever a worker is killed, before or after each thing that it does to the world, another one goes on and the end is the same.
func TestKilledAnywhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for at := int64(2); ; at++ {
		s, k := w.scene(), &killer{at: at}
		mortal := s.deps
		mortal.Requests, mortal.Suppressions = mortalRequests{s.requests, k}, mortalSuppressions{s.suppressions, k}
		mortal.Certifier = mortalCertifier{s.certificates, k}
		mortal.Copies = []privacy.Copy{mortalCopy{s.events, k}, mortalCopy{s.profiles, k}}
		first := true
		mortal.Barriers = barriers(func(ctx context.Context, mark follow.Mark) (privacy.Position, bool, []string, error) {
			if first {
				first = false
				s.people.join("ada", "ada-2")
			}
			return s.deps.Barriers.Barrier(ctx, mark)
		})
		w.report()
		id := s.file(privacy.Filing{Type: privacy.Erase}, "ada").ID
		for !k.dead.Load() {
			if s.advance(mortal, id) == nil {
				break
			}
			w.report()
		}
		s.people.join("ada", "ada-2") // nobody may have got as far as that
		r := s.settle(s.deps, id)
		require.Equal(t, privacy.Completed, r.State, "killed at %d", at)
		require.Equal(t, map[string]int64{"bob": 1}, s.events.has, "killed at %d", at)
		require.Equal(t, map[string]int64{"bob": 1}, s.profiles.has)
		for _, step := range r.Steps {
			require.Equal(t, privacy.StepClear, step.State)
		}
		require.EqualValues(t, 3, r.Steps[0].Before.Items, "killed at %d", at)
		for _, user := range []string{"ada", "ada-2"} {
			require.Equal(t, privacy.Free, s.standing(user).Standing, "killed at %d", at)
			require.Equal(t, r.Position.ReceivedBefore, *s.standing(user).Erased, "killed at %d", at)
		}
		people, err := s.requests.People(t.Context(), s.tenant, id, 0, 10)
		require.NoError(t, err)
		require.Empty(t, people)
		signed, err := s.certificates.Find(t.Context(), s.tenant, uuid.UUID(id))
		require.NoError(t, err)
		require.NotEmpty(t, signed.JWS)
		if !k.dead.Load() {
			require.Greater(t, at, int64(25), "there is enough to be killed at")
			return
		}
	}
}
