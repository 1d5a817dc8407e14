package api

import (
	"context"

	"github.com/google/uuid"

	"github.com/observatory/observatory/api/gen"
	"github.com/observatory/observatory/tenants"
)

func (s *server) SignUp(ctx context.Context, r gen.SignUpRequestObject) (gen.SignUpResponseObject, error) {
	it := in(ctx)
	made, err := s.deps.Tenants.Accounts.SignUp(ctx, tenants.SignUpInput{
		Email: r.Body.Email, Password: r.Body.Password, Organisation: r.Body.Organization, Residency: orZero(r.Body.Residency),
		Address: it.address, CorrelationID: it.correlationID,
	})
	if err != nil {
		return nil, err
	}
	body := gen.SignUpResult{Tenant: s.tenantOut(made.Tenant), User: userOut(made.User), Source: sourceOut(made.Source)}
	body.ApiKeys.Publishable, body.ApiKeys.Secret = made.Publishable.Token, made.Secret.Token
	return gen.SignUp201JSONResponse{Body: body, Headers: gen.SignUp201ResponseHeaders{SetCookie: s.setSession(made.Token)}}, nil
}

func (s *server) LogIn(ctx context.Context, r gen.LogInRequestObject) (gen.LogInResponseObject, error) {
	in, err := s.deps.Tenants.Accounts.LogIn(ctx, tenants.LogInInput{Email: r.Body.Email, Password: r.Body.Password, Address: in(ctx).address})
	if err != nil {
		return nil, err
	}
	me, err := s.meOut(in.Session)
	if err != nil {
		return nil, err
	}
	return gen.LogIn200JSONResponse{Body: me, Headers: gen.LogIn200ResponseHeaders{SetCookie: s.setSession(in.Token)}}, nil
}

func (s *server) LogOut(ctx context.Context, _ gen.LogOutRequestObject) (gen.LogOutResponseObject, error) {
	if token := in(ctx).sessionToken; token != "" {
		if err := s.deps.Tenants.Accounts.LogOut(ctx, token); err != nil {
			return nil, err
		}
	}
	return gen.LogOut204Response{Headers: gen.LogOut204ResponseHeaders{SetCookie: s.setSession("")}}, nil
}

func (s *server) GetMe(ctx context.Context, _ gen.GetMeRequestObject) (gen.GetMeResponseObject, error) {
	me, err := s.meOut(*in(ctx).session)
	return gen.GetMe200JSONResponse(me), err
}

func (s *server) ChangePassword(ctx context.Context, r gen.ChangePasswordRequestObject) (gen.ChangePasswordResponseObject, error) {
	it := in(ctx)
	err := s.deps.Tenants.Accounts.ChangePassword(ctx, tenants.ChangePasswordInput{
		SessionToken: it.sessionToken, Current: r.Body.CurrentPassword, New: r.Body.NewPassword,
		Address: it.address, CorrelationID: it.correlationID,
	})
	return gen.ChangePassword204Response{}, err
}

func (s *server) SwitchTenant(ctx context.Context, r gen.SwitchTenantRequestObject) (gen.SwitchTenantResponseObject, error) {
	session, err := s.deps.Tenants.Accounts.SwitchTenant(ctx, in(ctx).sessionToken, tenants.ID(r.Body.TenantId))
	if err != nil {
		return nil, err
	}
	me, err := s.meOut(session)
	return gen.SwitchTenant200JSONResponse(me), err
}

func (s *server) RequestPasswordReset(ctx context.Context, r gen.RequestPasswordResetRequestObject) (gen.RequestPasswordResetResponseObject, error) {
	err := s.deps.Tenants.Accounts.RequestPasswordReset(ctx, tenants.RequestPasswordResetInput{Email: r.Body.Email, Address: in(ctx).address})
	return gen.RequestPasswordReset202Response{}, err
}

func (s *server) ConfirmPasswordReset(ctx context.Context, r gen.ConfirmPasswordResetRequestObject) (gen.ConfirmPasswordResetResponseObject, error) {
	err := s.deps.Tenants.Accounts.ResetPassword(ctx, tenants.ResetPasswordInput{
		Token: r.Body.Token, Password: r.Body.Password, CorrelationID: in(ctx).correlationID,
	})
	return gen.ConfirmPasswordReset204Response{}, err
}

func (s *server) RequestEmailVerification(ctx context.Context, _ gen.RequestEmailVerificationRequestObject) (gen.RequestEmailVerificationResponseObject, error) {
	err := s.deps.Tenants.Accounts.RequestEmailVerification(ctx, in(ctx).sessionToken)
	return gen.RequestEmailVerification202Response{}, err
}

func (s *server) ConfirmEmailVerification(ctx context.Context, r gen.ConfirmEmailVerificationRequestObject) (gen.ConfirmEmailVerificationResponseObject, error) {
	err := s.deps.Tenants.Accounts.VerifyEmail(ctx, tenants.VerifyEmailInput{Token: r.Body.Token, CorrelationID: in(ctx).correlationID})
	return gen.ConfirmEmailVerification204Response{}, err
}

func (s *server) PreviewInvitation(ctx context.Context, r gen.PreviewInvitationRequestObject) (gen.PreviewInvitationResponseObject, error) {
	p, err := s.deps.Tenants.Members.Preview(ctx, r.Body.Token)
	return gen.PreviewInvitation200JSONResponse{Organization: p.Organisation, Email: p.Email, Role: gen.Role(p.Role), HasAccount: p.HasAccount}, err
}

func (s *server) AcceptInvitation(ctx context.Context, r gen.AcceptInvitationRequestObject) (gen.AcceptInvitationResponseObject, error) {
	it := in(ctx)
	joined, err := s.deps.Tenants.Members.Accept(ctx, tenants.AcceptInput{
		Token: r.Body.Token, SessionToken: it.sessionToken, Password: r.Body.Password,
		Address: it.address, CorrelationID: it.correlationID,
	})
	if err != nil {
		return nil, err
	}
	me, err := s.meOut(joined.Session)
	if err != nil {
		return nil, err
	}
	return gen.AcceptInvitation200JSONResponse{Body: me, Headers: gen.AcceptInvitation200ResponseHeaders{SetCookie: s.setSession(joined.Token)}}, nil
}

// meOut is the person in a session with the current organization; ErrNoMembership when there is none.
func (s *server) meOut(session tenants.Session) (gen.Me, error) {
	current, ok := session.Membership()
	if !ok {
		return gen.Me{}, tenants.ErrNoMembership
	}
	return gen.Me{
		User: userOut(session.User), Tenant: s.tenantOut(current.Tenant), Role: gen.Role(current.Role),
		Memberships: each(session.Memberships, func(m tenants.Membership) gen.Membership {
			return gen.Membership{Tenant: s.tenantOut(m.Tenant), Role: gen.Role(m.Role)}
		}),
	}, nil
}

func (s *server) tenantOut(t tenants.Tenant) gen.Tenant {
	return gen.Tenant{
		Id: uuid.UUID(t.ID), Name: t.Name, Timezone: t.Timezone, CreatedAt: shown(t.CreatedAt),
		Residency: orNil(t.Residency), Region: orNil(s.cfg.Region), ClosingAt: shownOrNil(t.ClosingAt),
	}
}

func userOut(u tenants.User) gen.User {
	return gen.User{Id: uuid.UUID(u.ID), Email: u.Email, EmailVerified: u.EmailVerifiedAt != nil, CreatedAt: shown(u.CreatedAt)}
}

// each translates a slice; the result is never nil, so that JSON has [] for it.
func each[A, B any](from []A, f func(A) B) []B {
	to := make([]B, len(from))
	for i := range from {
		to[i] = f(from[i])
	}
	return to
}
