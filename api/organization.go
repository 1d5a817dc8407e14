package api

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/api/gen"
	"github.com/observatory/observatory/tenants"
)

func (s *server) GetTenant(ctx context.Context, _ gen.GetTenantRequestObject) (gen.GetTenantResponseObject, error) {
	t, err := s.deps.Tenants.Organisation.Get(ctx, in(ctx).principal.Tenant)
	return gen.GetTenant200JSONResponse(s.tenantOut(t)), err
}

func (s *server) UpdateTenant(ctx context.Context, r gen.UpdateTenantRequestObject) (gen.UpdateTenantResponseObject, error) {
	t, err := s.deps.Tenants.Organisation.Update(ctx, in(ctx).by(), tenants.UpdateTenantInput{
		Name: r.Body.Name, Timezone: r.Body.Timezone, Residency: r.Body.Residency,
	})
	return gen.UpdateTenant200JSONResponse(s.tenantOut(t)), err
}

func (s *server) ListSources(ctx context.Context, _ gen.ListSourcesRequestObject) (gen.ListSourcesResponseObject, error) {
	all, err := s.deps.Tenants.Sources.List(ctx, in(ctx).principal.Tenant)
	return gen.ListSources200JSONResponse{Sources: each(all, sourceOut)}, err
}

func (s *server) CreateSource(ctx context.Context, r gen.CreateSourceRequestObject) (gen.CreateSourceResponseObject, error) {
	made, err := s.deps.Tenants.Sources.Create(ctx, in(ctx).by(), tenants.CreateSourceInput{Name: r.Body.Name, Kind: tenants.SourceKind(r.Body.Kind)})
	return gen.CreateSource201JSONResponse(sourceOut(made)), err
}

func (s *server) UpdateSource(ctx context.Context, r gen.UpdateSourceRequestObject) (gen.UpdateSourceResponseObject, error) {
	changed, err := s.deps.Tenants.Sources.Rename(ctx, in(ctx).by(), tenants.SourceID(r.SourceId), r.Body.Name)
	return gen.UpdateSource200JSONResponse(sourceOut(changed)), err
}

func (s *server) ArchiveSource(ctx context.Context, r gen.ArchiveSourceRequestObject) (gen.ArchiveSourceResponseObject, error) {
	_, err := s.deps.Tenants.Sources.Archive(ctx, in(ctx).by(), tenants.SourceID(r.SourceId))
	return gen.ArchiveSource204Response{}, err
}

func sourceOut(src tenants.Source) gen.Source {
	return gen.Source{
		Id: uuid.UUID(src.ID), Name: src.Name, Kind: gen.SourceKind(src.Kind),
		CreatedAt: shown(src.CreatedAt), ArchivedAt: shownOrNil(src.ArchivedAt),
	}
}

func (s *server) ListKeys(ctx context.Context, _ gen.ListKeysRequestObject) (gen.ListKeysResponseObject, error) {
	all, err := s.deps.Tenants.Keys.List(ctx, in(ctx).principal.Tenant)
	return gen.ListKeys200JSONResponse{Keys: each(all, s.keyOut)}, err
}

func (s *server) CreateKey(ctx context.Context, r gen.CreateKeyRequestObject) (gen.CreateKeyResponseObject, error) {
	input := tenants.CreateKeyInput{
		Source: tenants.SourceID(r.Body.SourceId), Kind: tenants.KeyKind(r.Body.Kind), Name: r.Body.Name, ExpiresAt: r.Body.ExpiresAt,
	}
	if r.Body.Environment != nil {
		input.Env = tenants.Env(*r.Body.Environment)
	}
	if r.Body.Origins != nil {
		input.Origins = *r.Body.Origins
	}
	if r.Body.Scopes != nil {
		scopes, err := tenants.ParseScopes(*r.Body.Scopes)
		if err != nil {
			return nil, err
		}
		input.Scopes = append(tenants.Scopes{}, scopes...) // [] asks for no scope at all; only no list asks for the default
	}
	made, err := s.deps.Tenants.Keys.Create(ctx, in(ctx).by(), input)
	return gen.CreateKey201JSONResponse{Key: s.keyOut(made.Key), Token: made.Token}, err
}

func (s *server) UpdateKey(ctx context.Context, r gen.UpdateKeyRequestObject) (gen.UpdateKeyResponseObject, error) {
	changed, err := s.deps.Tenants.Keys.Update(ctx, in(ctx).by(), tenants.KeyID(r.KeyId), tenants.UpdateKeyInput{Name: r.Body.Name, Origins: r.Body.Origins})
	return gen.UpdateKey200JSONResponse(s.keyOut(changed)), err
}

func (s *server) RotateKey(ctx context.Context, r gen.RotateKeyRequestObject) (gen.RotateKeyResponseObject, error) {
	grace := time.Duration(r.Body.GraceSeconds) * time.Second
	rotated, err := s.deps.Tenants.Keys.Rotate(ctx, in(ctx).by(), tenants.KeyID(r.KeyId), tenants.RotateKeyInput{Grace: grace})
	return gen.RotateKey201JSONResponse{Key: s.keyOut(rotated.Key), Token: rotated.Token}, err
}

func (s *server) RevokeKey(ctx context.Context, r gen.RevokeKeyRequestObject) (gen.RevokeKeyResponseObject, error) {
	_, err := s.deps.Tenants.Keys.Revoke(ctx, in(ctx).by(), tenants.KeyID(r.KeyId))
	return gen.RevokeKey204Response{}, err
}

func (s *server) keyOut(k tenants.APIKey) gen.APIKey {
	return gen.APIKey{
		Id: uuid.UUID(k.ID), SourceId: uuid.UUID(k.Source), Kind: gen.KeyKind(k.Kind), Name: k.Name, Hint: k.Hint,
		Scopes:      each(k.Scopes, func(x tenants.Scope) gen.Scope { return gen.Scope(x) }),
		Environment: gen.Environment(k.Env), Origins: append([]string{}, k.Origins...), State: gen.APIKeyState(k.State(s.deps.Now())),
		CreatedAt: shown(k.CreatedAt), ExpiresAt: shownOrNil(k.ExpiresAt), RevokedAt: shownOrNil(k.RevokedAt),
	}
}

func (s *server) ListMembers(ctx context.Context, _ gen.ListMembersRequestObject) (gen.ListMembersResponseObject, error) {
	all, err := s.deps.Tenants.Members.List(ctx, in(ctx).principal.Tenant)
	return gen.ListMembers200JSONResponse{Members: each(all, memberOut)}, err
}

func (s *server) UpdateMember(ctx context.Context, r gen.UpdateMemberRequestObject) (gen.UpdateMemberResponseObject, error) {
	changed, err := s.deps.Tenants.Members.ChangeRole(ctx, in(ctx).by(), tenants.UserID(r.UserId), tenants.Role(r.Body.Role))
	return gen.UpdateMember200JSONResponse(memberOut(changed)), err
}

func (s *server) RemoveMember(ctx context.Context, r gen.RemoveMemberRequestObject) (gen.RemoveMemberResponseObject, error) {
	err := s.deps.Tenants.Members.Remove(ctx, in(ctx).by(), tenants.UserID(r.UserId))
	return gen.RemoveMember204Response{}, err
}

func memberOut(m tenants.Member) gen.Member {
	return gen.Member{User: userOut(m.User), Role: gen.Role(m.Role), JoinedAt: shown(m.JoinedAt)}
}

func (s *server) ListInvitations(ctx context.Context, _ gen.ListInvitationsRequestObject) (gen.ListInvitationsResponseObject, error) {
	all, err := s.deps.Tenants.Members.Invitations(ctx, in(ctx).principal.Tenant)
	return gen.ListInvitations200JSONResponse{Invitations: each(all, invitationOut)}, err
}

func (s *server) CreateInvitation(ctx context.Context, r gen.CreateInvitationRequestObject) (gen.CreateInvitationResponseObject, error) {
	made, err := s.deps.Tenants.Members.Invite(ctx, in(ctx).by(), tenants.InviteInput{Email: r.Body.Email, Role: tenants.Role(r.Body.Role)})
	return gen.CreateInvitation201JSONResponse(invitationOut(made)), err
}

func (s *server) WithdrawInvitation(ctx context.Context, r gen.WithdrawInvitationRequestObject) (gen.WithdrawInvitationResponseObject, error) {
	err := s.deps.Tenants.Members.Withdraw(ctx, in(ctx).by(), tenants.InvitationID(r.InvitationId))
	return gen.WithdrawInvitation204Response{}, err
}

func invitationOut(i tenants.Invitation) gen.Invitation {
	return gen.Invitation{
		Id: uuid.UUID(i.ID), Email: i.Email, Role: gen.Role(i.Role), InvitedBy: i.InvitedBy,
		CreatedAt: shown(i.CreatedAt), ExpiresAt: shown(i.ExpiresAt),
	}
}

func (s *server) ListAudit(ctx context.Context, r gen.ListAuditRequestObject) (gen.ListAuditResponseObject, error) {
	page, err := s.deps.Tenants.Audit.List(ctx, in(ctx).principal.Tenant, deref(r.Params.Cursor), pageSize(r.Params.Limit))
	return gen.ListAudit200JSONResponse{Entries: each(page.Entries, auditOut), NextCursor: orNil(page.Next)}, err
}

func (s *server) VerifyAudit(ctx context.Context, _ gen.VerifyAuditRequestObject) (gen.VerifyAuditResponseObject, error) {
	v, err := s.deps.Tenants.Audit.Verify(ctx, in(ctx).principal.Tenant)
	out := gen.VerifyAudit200JSONResponse{Ok: v.OK, Entries: v.Entries, Head: v.Head.String()}
	if !v.OK {
		out.BrokenAt = &v.BrokenAt
	}
	return out, err
}

func auditOut(e tenants.AuditEntry) gen.AuditEntry {
	details := map[string]any{}
	for k, v := range e.Details {
		details[k] = v
	}
	return gen.AuditEntry{
		Seq: e.Seq, At: e.At.UTC(), Action: e.Action, Target: e.Target, Details: details, CorrelationId: e.CorrelationID, Hash: e.Hash.String(),
		Actor: gen.Actor{Kind: gen.ActorKind(e.Actor.Kind), Id: e.Actor.ID, Label: e.Actor.Label},
	}
}

const defaultPage = 50

func pageSize(limit *int) int {
	if limit == nil {
		return defaultPage
	}
	return *limit
}

func deref[T any](p *T) (value T) {
	if p != nil {
		value = *p
	}
	return value
}

// orZero is the value, or its zero where none was given.
func orZero[T any](v *T) (zero T) {
	if v == nil {
		return zero
	}
	return *v
}

func orNil(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// shown is a time as answers have it: UTC, in milliseconds. Only the audit log has microseconds, which are in its hashes.
func shown(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

func shownOrNil(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	at := shown(*t)
	return &at
}
