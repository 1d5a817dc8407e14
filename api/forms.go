package api

import (
	"context"

	"github.com/observatory/observatory/api/gen"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/privacy/form"
)

func (s *server) GetPrivacyForm(ctx context.Context, _ gen.GetPrivacyFormRequestObject) (gen.GetPrivacyFormResponseObject, error) {
	found, err := s.deps.Form.Form(ctx, in(ctx).principal.Tenant)
	return gen.GetPrivacyForm200JSONResponse(s.formOut(found)), err
}

func (s *server) PutPrivacyForm(ctx context.Context, r gen.PutPrivacyFormRequestObject) (gen.PutPrivacyFormResponseObject, error) {
	changed, err := s.deps.Form.Put(ctx, in(ctx).by(), form.Input{
		Enabled: r.Body.Enabled, Title: deref(r.Body.Title), Intro: deref(r.Body.Intro), NewToken: deref(r.Body.NewAddress),
		Types: each(r.Body.Types, func(t gen.FormType) privacy.Type { return privacy.Type(t) }),
	})
	return gen.PutPrivacyForm200JSONResponse(s.formOut(changed)), err
}

func (s *server) GetPublicForm(ctx context.Context, r gen.GetPublicFormRequestObject) (gen.GetPublicFormResponseObject, error) {
	p, err := s.deps.Form.Public(ctx, r.FormToken)
	return gen.GetPublicForm200JSONResponse{Organization: p.Organisation, Title: p.Title, Intro: p.Intro, Types: each(p.Types, formTypeOut)}, err
}

func (s *server) FileByForm(ctx context.Context, r gen.FileByFormRequestObject) (gen.FileByFormResponseObject, error) {
	return gen.FileByForm202Response{}, s.deps.Form.File(ctx, form.FileInput{
		Token: r.FormToken, Type: privacy.Type(r.Body.Type), Email: r.Body.Email, Address: in(ctx).address,
	})
}

func (s *server) ConfirmFiling(ctx context.Context, r gen.ConfirmFilingRequestObject) (gen.ConfirmFilingResponseObject, error) {
	done, err := s.deps.Form.Confirm(ctx, r.Body.Token)
	return gen.ConfirmFiling200JSONResponse{Organization: done.Organisation, Type: formTypeOut(done.Type)}, err
}

func (s *server) formOut(f form.Form) gen.PrivacyForm {
	out := gen.PrivacyForm{Enabled: f.Enabled, Title: f.Title, Intro: f.Intro, Types: each(f.Types, formTypeOut)}
	if f.Token != "" {
		url, at := s.cfg.PublicURL.JoinPath("privacy", "form", f.Token).String(), shown(f.ChangedAt)
		out.Url, out.ChangedAt, out.ChangedBy = &url, &at, &f.ChangedBy
	}
	return out
}

func formTypeOut(t privacy.Type) gen.FormType { return gen.FormType(t) }
