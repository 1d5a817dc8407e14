package export

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/internal/objects"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/tenants"
)

// Deps are what a Service needs.
type Deps struct {
	Store     Store
	Records   Records
	Profiles  Profiles
	Objects   *objects.Store
	PublicURL *url.URL
	Now       func() time.Time
	Logger    *slog.Logger
}

// Service makes files, gives them out and removes them. It is a privacy.Exporter.
type Service struct{ deps Deps }

var _ privacy.Exporter = (*Service)(nil)

// New makes a Service.
func New(d Deps) *Service { return &Service{d} }

// objectOf is the name of a request's file in the object storage.
func objectOf(tenant tenants.ID, request uuid.UUID) string {
	return "exports/tenant=" + tenant.String() + "/" + request.String() + ".zip"
}

// Export implements privacy.Exporter. A file that was erased while it was written is not there afterwards, and the evidence says so.
func (s *Service) Export(ctx context.Context, tenant tenants.ID, op privacy.Operation) (privacy.Evidence, error) {
	now := s.deps.Now().UTC().Truncate(time.Millisecond)
	file, err := s.deps.Store.BeginExport(ctx, tenant, File{
		Request: op.ID, Object: objectOf(tenant, op.ID), CreatedAt: now, ExpiresAt: now.Add(Lives),
	}, identifiers(op.Subjects))
	if err != nil {
		return nil, fmt.Errorf("keep that a file is made: %w", err)
	}
	if file.MadeAt == nil && file.ErasedAt == nil {
		if file, err = s.make(ctx, tenant, op, file); err != nil {
			return nil, err
		}
	}
	if file.ErasedAt != nil {
		return privacy.Evidence{"erased": true}, s.remove(ctx, file.Object)
	}
	return privacy.Evidence{"bytes": file.Bytes, "sha256": file.SHA256, "records": file.Records, "expires_at": file.ExpiresAt}, nil
}

func (s *Service) make(ctx context.Context, tenant tenants.ID, op privacy.Operation, file File) (File, error) {
	w, err := s.deps.Objects.Create(ctx, file.Object)
	if err != nil {
		return file, err
	}
	b := newBundle(w, file.CreatedAt)
	if err := s.write(ctx, tenant, op, b, file.CreatedAt); err != nil {
		w.Abort()
		return file, fmt.Errorf("write an export: %w", err)
	}
	if file.Bytes, file.SHA256, err = w.Close(); err != nil {
		return file, fmt.Errorf("keep an export: %w", err)
	}
	now := s.deps.Now().UTC()
	file.Records, file.MadeAt = b.records(), &now
	kept, err := s.deps.Store.FinishExport(ctx, tenant, file)
	if err != nil {
		return file, fmt.Errorf("keep what was exported: %w", err)
	}
	if !kept {
		file.ErasedAt = &now
	}
	return file, nil
}

// write writes everything that there is about the subjects.
func (s *Service) write(ctx context.Context, tenant tenants.ID, op privacy.Operation, b *bundle, at time.Time) error {
	theirs := newOwn(op.Subjects)
	records := s.deps.Records
	for _, f := range []struct {
		name, about string
		write       func(*member) error
	}{
		{"events.jsonl", "Events, one per line.", func(m *member) error {
			return records.Events(ctx, tenant, op.Subjects, func(e Event) error {
				if e, ok := theirs.of(e); ok {
					return m.add(e)
				}
				return nil
			})
		}},
		{"held.jsonl", "Events that are set aside and not used, one per line.", func(m *member) error {
			return records.Held(ctx, tenant, op.Subjects, func(e HeldEvent) error {
				var ok bool
				if e.Event, ok = theirs.of(e.Event); ok {
					return m.add(e)
				}
				return nil
			})
		}},
		{"quarantine.jsonl", "Events that broke a rule, as they were sent but for IDs of others, one per line.", func(m *member) error {
			return records.Quarantined(ctx, tenant, op.Subjects, func(d DeadLetter) error { return m.add(d) })
		}},
	} {
		if err := b.file(f.name, f.about, f.write); err != nil {
			return err
		}
	}
	profiles, err := s.profiles(ctx, tenant, op.Subjects, theirs)
	if err != nil {
		return err
	}
	if err := b.document("profile.json", "What is known about each person: IDs, traits and groups.", int64(len(profiles)), map[string]any{"people": profiles}); err != nil {
		return err
	}
	if err := b.file(schemaFile, "JSON Schema of the files above.", func(m *member) error { _, err := io.WriteString(m, schemaText); return err }); err != nil {
		return err
	}
	return b.close(Manifest{RequestID: op.ID, CreatedAt: at})
}

// profiles are those of the subjects, each person once.
func (s *Service) profiles(ctx context.Context, tenant tenants.ID, subjects privacy.Subjects, theirs own) ([]Profile, error) {
	all, seen := []Profile{}, map[string]bool{}
	for _, id := range slices.Concat(subjects.UserIDs, subjects.AnonymousIDs) {
		if seen[id] {
			continue
		}
		p, known, err := s.deps.Profiles.Profile(ctx, tenant, id)
		if err != nil {
			return nil, fmt.Errorf("find what is known about a person: %w", err)
		}
		seen[id] = true
		if !known || seen["person "+p.Person] {
			continue
		}
		seen["person "+p.Person] = true
		for _, id := range p.IDs {
			seen[id.ID] = true
		}
		if p, ok := theirs.profile(id, p); ok {
			all = append(all, p)
		}
	}
	return all, nil
}

// own knows the subjects' IDs. Whatever a file holds is of one of them or of nobody: somebody else is erased without being looked for in it.
type own map[string]bool

func newOwn(s privacy.Subjects) own {
	o := own{}
	for _, id := range s.UserIDs {
		o["user "+id] = true
	}
	for _, id := range s.AnonymousIDs {
		o["anonymous "+id] = true
	}
	return o
}

// of is the event without the ID of somebody else's device. It is false for an event of whom it is not known that they are one of the subjects: it
// carries a property of theirs, and came after it was found out who they are.
func (o own) of(e Event) (Event, bool) {
	user, device := o["user "+e.UserID], o["anonymous "+e.AnonymousID]
	if !user && (e.UserID != "" || e.AnonymousID != "" && !device) {
		return e, false
	}
	if !device {
		e.AnonymousID = ""
	}
	return e, true
}

// profile is the profile that one of the subjects' IDs leads to, with no other IDs than theirs. It is false for that of a user who is none of them, as
// where a device turned out to be somebody else's meanwhile.
func (o own) profile(id string, p Profile) (Profile, bool) {
	isUser := func(i ProfileID) bool { return i.Kind == "user" }
	users := slices.ContainsFunc(p.IDs, isUser)
	p.IDs = slices.DeleteFunc(slices.Clone(p.IDs), func(i ProfileID) bool { return !o[i.Kind+" "+i.ID] })
	if users && !slices.ContainsFunc(p.IDs, isUser) {
		return p, false
	}
	if !slices.ContainsFunc(p.IDs, func(i ProfileID) bool { return i.ID == p.Person }) {
		p.Person = id
	}
	return p, true
}

// Find returns the file of a request. Errors: ErrNotFound.
func (s *Service) Find(ctx context.Context, tenant tenants.ID, request uuid.UUID) (File, error) {
	f, err := s.deps.Store.Export(ctx, tenant, request)
	if err == nil && f.MadeAt == nil && f.ErasedAt == nil {
		return File{}, ErrNotFound
	}
	return f, err
}

// Link is where a file can be downloaded, once.
type Link struct {
	URL       string
	ExpiresAt time.Time
}

// NewLink makes a link in place of the one before. Errors: tenants.ErrPermissionDenied, tenants.ErrScopeMissing, ErrNotFound, ErrGone.
func (s *Service) NewLink(ctx context.Context, by tenants.By, request uuid.UUID) (Link, error) {
	if err := by.Principal.Require(tenants.ManagePrivacy); err != nil {
		return Link{}, err
	}
	tenant := by.Principal.Tenant
	f, err := s.Find(ctx, tenant, request)
	if err != nil {
		return Link{}, err
	}
	if !f.there(s.deps.Now()) {
		return Link{}, ErrGone
	}
	var secret [32]byte
	_, _ = rand.Read(secret[:]) // never fails; the process ends if the system has no randomness
	token := base64.RawURLEncoding.EncodeToString(secret[:])
	err = s.deps.Store.SetExportLink(ctx, tenant, request, hashToken(token), tenants.AuditEntry{
		At: s.deps.Now().UTC().Truncate(time.Microsecond), Actor: by.Principal.Actor, Action: "privacy_export.link_made", Target: "privacy_request:" + request.String(),
		CorrelationID: by.CorrelationID,
	})
	if err != nil {
		return Link{}, err
	}
	return Link{URL: s.deps.PublicURL.JoinPath("/v1/privacy/exports", token).String(), ExpiresAt: f.ExpiresAt}, nil
}

// Download is a file that is being downloaded. Whoever has it closes it.
type Download struct {
	File
	io.ReadCloser
}

// Download uses a link up and opens the file that it leads to. Errors: ErrLink, and those of the object storage, after which the link does not work
// any more either.
func (s *Service) Download(ctx context.Context, token, correlationID string) (Download, error) {
	now := s.deps.Now().UTC().Truncate(time.Microsecond)
	f, err := s.deps.Store.RedeemExportLink(ctx, hashToken(token), now, func(f File) tenants.AuditEntry {
		return tenants.AuditEntry{
			At: now, Actor: tenants.Actor{Kind: tenants.ActorSystem, Label: "whoever had the link"}, Action: "privacy_export.downloaded",
			Target: "privacy_request:" + f.Request.String(), Details: tenants.Details{"sha256": f.SHA256, "bytes": strconv.FormatInt(f.Bytes, 10)},
			CorrelationID: correlationID,
		}
	})
	if err != nil {
		return Download{}, err
	}
	body, err := s.deps.Objects.Open(ctx, f.Object)
	if err != nil {
		return Download{}, err
	}
	return Download{File: f.File, ReadCloser: body}, nil
}

func hashToken(token string) TokenHash { return sha256.Sum256([]byte(token)) }

// Sweep removes the files that have expired, and returns how many.
func (s *Service) Sweep(ctx context.Context) (int, error) {
	removed := 0
	for {
		expired, err := s.deps.Store.ExpiredExports(ctx, s.deps.Now())
		if err != nil || len(expired) == 0 {
			return removed, err
		}
		for _, f := range expired {
			if err := s.remove(ctx, f.Object); err != nil {
				return removed, err
			}
			if err := s.deps.Store.ExportErased(ctx, f.Tenant, f.Request, nil, s.deps.Now()); err != nil {
				return removed, fmt.Errorf("keep that an export is gone: %w", err)
			}
			removed++
		}
	}
}

// remove removes a file so that the object storage keeps nothing of it.
func (s *Service) remove(ctx context.Context, object string) error {
	if err := s.deps.Objects.Delete(ctx, object); err != nil {
		return err
	}
	_, err := s.deps.Objects.Forget(ctx, object)
	return err
}

// identifiers are all by which the subjects are known.
func identifiers(s privacy.Subjects) []privacy.Identifier {
	var all []privacy.Identifier
	for _, id := range s.UserIDs {
		all = append(all, privacy.Identifier{Kind: privacy.UserID, Value: id})
	}
	for _, id := range s.AnonymousIDs {
		all = append(all, privacy.Identifier{Kind: privacy.AnonymousID, Value: id})
	}
	return append(all, s.Properties...)
}
