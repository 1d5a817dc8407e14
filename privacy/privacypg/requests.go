package privacypg

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/observatory/observatory/internal/jobs/jobspg"
	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/internal/seal"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/privacy/privacypg/db"
	"github.com/observatory/observatory/tenants"
)

// Requests is a privacy.Requests. It seals whom requests are about.
type Requests struct {
	*Store
	sealer seal.Sealer
}

var _ privacy.Requests = Requests{}

// Requests gives the store as the port of requests. sealer is for this purpose alone.
func (s *Store) Requests(sealer seal.Sealer) Requests { return Requests{Store: s, sealer: sealer} }

const (
	maxOpen  = 10_000      // requests of a tenant that are not over: each is worked on by itself
	sameBody = time.Minute // for as long as that, the same body is the same request
)

// Add implements privacy.Requests.
func (s Requests) Add(ctx context.Context, r privacy.Request, people []privacy.Person, once privacy.Once, entry tenants.AuditEntry) (added privacy.Request, err error) {
	added = r
	hashed := func(what privacy.Kind, text string) []byte {
		h := s.keys.Of(r.Tenant, privacy.Identifier{Kind: what, Value: text})
		return h[:]
	}
	in := db.AddRequestParams{
		ID: uuid.UUID(r.ID), Type: string(r.Type), State: string(r.State), Note: r.Note, Stay: r.Stay, Subjects: int32(r.Number), //nolint:gosec // at most MaxSubjects
		Origin: string(r.Origin), FiledAt: r.FiledAt, FiledByKind: string(r.FiledBy.Kind), FiledByID: r.FiledBy.ID, FiledBy: r.FiledBy.Label,
		Body: hashed("body of a request", hex.EncodeToString(once.Body[:])), DeadlineAt: r.Deadline, Asleep: r.Asleep,
	}
	if once.Key != "" {
		in.Idempotency = hashed("idempotency key", once.Key)
	}
	if r.Approval != nil {
		in.ApprovedAt, in.ApprovedBy = &r.Approval.At, &r.Approval.By
	}
	err = s.within(ctx, r.Tenant, func(t tx) error {
		if err := t.q.LockFiling(ctx); err != nil {
			return err
		}
		id, err := t.same(ctx, in)
		if err != nil {
			return err
		}
		if id != uuid.Nil {
			added, err = t.request(ctx, privacy.ID(id))
			return err
		}
		open, err := t.q.CountOpenRequests(ctx)
		if err != nil {
			return err
		}
		if open >= maxOpen {
			return privacy.ErrRequestsOpen
		}
		return s.add(ctx, t, r, in, people, entry)
	})
	return added, err
}

// same finds the request that is this one; uuid.Nil where there is none.
func (t tx) same(ctx context.Context, in db.AddRequestParams) (uuid.UUID, error) {
	if in.Idempotency != nil {
		row, err := t.q.FindRequestByKey(ctx, in.Idempotency)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			return uuid.Nil, nil
		case err == nil && string(row.Body) != string(in.Body):
			return uuid.Nil, privacy.ErrIdempotencyUsed
		}
		return row.ID, err
	}
	id, err := t.q.FindRequestByBody(ctx, db.FindRequestByBodyParams{Body: in.Body, Since: in.FiledAt.Add(-sameBody)})
	if errors.Is(err, pgx.ErrNoRows) {
		return uuid.Nil, nil
	}
	return id, err
}

func (s Requests) add(ctx context.Context, t tx, r privacy.Request, in db.AddRequestParams, people []privacy.Person, entry tenants.AuditEntry) error {
	if err := t.q.AddRequest(ctx, in); err != nil {
		return err
	}
	if err := s.addSubjects(ctx, t, r, 0, people); err != nil {
		return err
	}
	err := t.moments(ctx, r.ID, []privacy.Moment{{At: r.FiledAt, State: r.State, Actor: r.FiledBy.Label, Text: "Filed."}})
	if err != nil {
		return err
	}
	if err := jobspg.Insert(ctx, t.pgx, privacy.AdvanceJob(r.Tenant, r.ID)); err != nil {
		return err
	}
	return t.Audit(ctx, entry)
}

// addSubjects adds people to a request, numbered from a number on.
func (s Requests) addSubjects(ctx context.Context, t tx, r privacy.Request, from int, people []privacy.Person) error {
	in := db.AddSubjectsParams{RequestID: uuid.UUID(r.ID)}
	for i, p := range people {
		sealed, err := s.seal(r.ID, from+i, p)
		if err != nil {
			return err
		}
		hash := s.keys.Of(r.Tenant, p.Given)
		in.Numbers = append(in.Numbers, int32(from+i)) //nolint:gosec // at most MaxSubjects
		in.Hashes, in.Sealed = append(in.Hashes, hash[:]), append(in.Sealed, sealed)
	}
	if r.Type == privacy.Unsuppress {
		busy, err := t.q.AreSubjectsBusy(ctx, in.Hashes)
		if err != nil {
			return err
		}
		if busy {
			return privacy.ErrSubjectBusy
		}
	}
	return t.q.AddSubjects(ctx, in)
}

// Get implements privacy.Requests.
func (s Requests) Get(ctx context.Context, tenant tenants.ID, id privacy.ID) (found privacy.Request, err error) {
	err = s.within(ctx, tenant, func(t tx) error {
		found, err = t.request(ctx, id)
		return err
	})
	return found, err
}

func (t tx) request(ctx context.Context, id privacy.ID) (privacy.Request, error) {
	row, err := t.q.GetRequest(ctx, uuid.UUID(id))
	if err != nil {
		return privacy.Request{}, pg.OrNotFound(err, privacy.ErrNoSuchRequest)
	}
	return t.withSteps(ctx, row)
}

func (t tx) withSteps(ctx context.Context, row db.PrivacyRequest) (privacy.Request, error) {
	r, err := toRequest(row)
	if err != nil {
		return r, err
	}
	rows, err := t.q.ListSteps(ctx, row.ID)
	if err != nil {
		return r, err
	}
	for _, row := range rows {
		step, err := toStep(row)
		if err != nil {
			return r, err
		}
		r.Steps = append(r.Steps, step)
	}
	return r, nil
}

// List implements privacy.Requests.
func (s Requests) List(ctx context.Context, tenant tenants.ID, f privacy.Filter, before *privacy.ID, limit int) ([]privacy.Request, error) {
	in := db.ListRequestsParams{Before: uuid.Max, States: []string{}, Type: string(f.Type), MaxRows: int32(limit)} //nolint:gosec // a page
	if before != nil {
		in.Before = uuid.UUID(*before)
	}
	for _, state := range f.States {
		in.States = append(in.States, string(state))
	}
	return s.list(ctx, tenant, func(t tx) ([]db.PrivacyRequest, error) { return t.q.ListRequests(ctx, in) })
}

// Open implements privacy.Requests.
func (s Requests) Open(ctx context.Context, tenant tenants.ID, limit int) ([]privacy.Request, error) {
	return s.list(ctx, tenant, func(t tx) ([]db.PrivacyRequest, error) { return t.q.ListOpenRequests(ctx, int32(limit)) }) //nolint:gosec // a page
}

func (s Requests) list(ctx context.Context, tenant tenants.ID, query func(tx) ([]db.PrivacyRequest, error)) (all []privacy.Request, err error) {
	err = s.within(ctx, tenant, func(t tx) error {
		rows, err := query(t)
		if err != nil {
			return err
		}
		all = make([]privacy.Request, len(rows))
		for i := range rows {
			if all[i], err = toRequest(rows[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return all, err
}

// People implements privacy.Requests.
func (s Requests) People(ctx context.Context, tenant tenants.ID, id privacy.ID, from, limit int) (all []privacy.Person, err error) {
	err = s.within(ctx, tenant, func(t tx) error {
		rows, err := t.q.ListSubjects(ctx, db.ListSubjectsParams{RequestID: uuid.UUID(id), First: int32(from), MaxRows: int32(limit)}) //nolint:gosec // at most MaxSubjects
		if err != nil {
			return err
		}
		all = make([]privacy.Person, len(rows))
		for i, row := range rows {
			if all[i], err = s.open(id, int(row.Number), row.Sealed); err != nil {
				return err
			}
		}
		return nil
	})
	return all, err
}

// Moments implements privacy.Requests.
func (s Requests) Moments(ctx context.Context, tenant tenants.ID, id privacy.ID) (all []privacy.Moment, err error) {
	err = s.within(ctx, tenant, func(t tx) error {
		rows, err := t.q.ListMoments(ctx, uuid.UUID(id))
		all, err = pg.Each(rows, err, func(r db.ListMomentsRow) privacy.Moment {
			return privacy.Moment{At: r.At.UTC(), State: privacy.State(r.State), Actor: r.Actor, Text: r.Text}
		})
		return err
	})
	return all, err
}

// Change implements privacy.Requests.
func (s Requests) Change(ctx context.Context, tenant tenants.ID, id privacy.ID, fn func(*privacy.Request) (privacy.Change, error)) (r privacy.Request, err error) {
	err = s.within(ctx, tenant, func(t tx) error {
		row, err := t.q.GetRequestForUpdate(ctx, uuid.UUID(id))
		if err != nil {
			return pg.OrNotFound(err, privacy.ErrNoSuchRequest)
		}
		if r, err = t.withSteps(ctx, row); err != nil {
			return err
		}
		change, err := fn(&r)
		if err != nil {
			return err
		}
		if err := t.set(ctx, r); err != nil {
			return err
		}
		return s.along(ctx, t, r, change)
	})
	return r, err
}

// along stores what is stored along with a request. The audit log comes last: it makes others wait.
func (s Requests) along(ctx context.Context, t tx, r privacy.Request, change privacy.Change) error {
	id := r.ID
	if len(change.More) > 0 {
		if err := s.addSubjects(ctx, t, r, r.Number-len(change.More), change.More); err != nil {
			return err
		}
	}
	if len(change.People) > 0 {
		in := db.SealSubjectsParams{RequestID: uuid.UUID(id)}
		for i, p := range change.People {
			sealed, err := s.seal(id, i, p)
			if err != nil {
				return err
			}
			in.Numbers, in.Sealed = append(in.Numbers, int32(i)), append(in.Sealed, sealed) //nolint:gosec // at most MaxSubjects
		}
		if err := t.q.SealSubjects(ctx, in); err != nil {
			return err
		}
	}
	if change.Forget {
		if err := t.q.ForgetSubjects(ctx, uuid.UUID(id)); err != nil {
			return err
		}
	}
	if err := t.moments(ctx, id, change.Moments); err != nil {
		return err
	}
	if change.Job != nil {
		if err := jobspg.Insert(ctx, t.pgx, *change.Job); err != nil {
			return err
		}
	}
	if change.Audit != nil {
		return t.Audit(ctx, *change.Audit)
	}
	return nil
}

func (t tx) moments(ctx context.Context, id privacy.ID, all []privacy.Moment) error {
	for _, m := range all {
		key, err := uuid.NewV7()
		if err != nil {
			return err
		}
		err = t.q.AddMoment(ctx, db.AddMomentParams{ID: key, RequestID: uuid.UUID(id), At: m.At, State: string(m.State), Actor: m.Actor, Text: m.Text})
		if err != nil {
			return err
		}
	}
	return nil
}

// The name binds a sealed person to its row.
func sealedName(id privacy.ID, number int) string {
	return fmt.Sprintf("privacy_request:%s/%d", id, number)
}

func (s Requests) seal(id privacy.ID, number int, p privacy.Person) ([]byte, error) {
	text, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("encode a subject: %w", err)
	}
	return s.sealer.Seal(text, sealedName(id, number)), nil
}

func (s Requests) open(id privacy.ID, number int, sealed []byte) (p privacy.Person, err error) {
	text, err := s.sealer.Open(sealed, sealedName(id, number))
	if err != nil {
		return p, err
	}
	if err := json.Unmarshal(text, &p); err != nil {
		return p, errors.New("read a subject: what was sealed is not one") // the driver's words would quote it
	}
	return p, nil
}
