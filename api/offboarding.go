package api

import (
	"context"
	"strings"

	"github.com/observatory/observatory/api/gen"
	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/privacy/offboard"
)

func (s *server) GetOffboarding(ctx context.Context, _ gen.GetOffboardingRequestObject) (gen.GetOffboardingResponseObject, error) {
	l, err := s.deps.Offboard.Get(ctx, in(ctx).by())
	return gen.GetOffboarding200JSONResponse(offboardingOut(l)), err
}

func (s *server) StartOffboarding(ctx context.Context, r gen.StartOffboardingRequestObject) (gen.StartOffboardingResponseObject, error) {
	l, err := s.deps.Offboard.Ask(ctx, in(ctx).by(), r.Body.Name)
	if err == nil { // the last export comes with it
		s.deps.Consumed(in(ctx).principal.Tenant, billing.ExportsAsked, 1)
	}
	return gen.StartOffboarding202JSONResponse(offboardingOut(l)), err
}

func (s *server) CancelOffboarding(ctx context.Context, _ gen.CancelOffboardingRequestObject) (gen.CancelOffboardingResponseObject, error) {
	l, err := s.deps.Offboard.Cancel(ctx, in(ctx).by())
	return gen.CancelOffboarding200JSONResponse(offboardingOut(l)), err
}

func (s *server) DownloadOffboardingExport(ctx context.Context, r gen.DownloadOffboardingExportRequestObject) (gen.DownloadOffboardingExportResponseObject, error) {
	file, size, err := s.deps.Offboard.OpenExport(ctx, r.Token)
	if err != nil {
		return nil, err
	}
	return gen.DownloadOffboardingExport200ApplicationzipResponse{Body: file, ContentLength: size}, nil
}

func (s *server) DownloadOffboardingCertificate(ctx context.Context, r gen.DownloadOffboardingCertificateRequestObject) (gen.DownloadOffboardingCertificateResponseObject, error) {
	jws, err := s.deps.Offboard.Certificate(ctx, r.Token)
	if err != nil {
		return nil, err
	}
	return gen.DownloadOffboardingCertificate200ApplicationjoseResponse{Body: strings.NewReader(jws), ContentLength: int64(len(jws))}, nil
}

func offboardingOut(l offboard.Leaving) gen.Offboarding {
	out := gen.Offboarding{
		Id: l.ID, State: gen.OffboardingState(l.State), AskedAt: shown(l.AskedAt), AskedBy: l.AskedBy, EraseAt: shown(l.EraseAt), EndedAt: shownOrNil(l.Ended),
		Waiting: l.Waiting, Error: l.Error, Steps: each(l.Steps, offboardingStepOut),
	}
	out.Export.Ready = l.Export.Object != ""
	if out.Export.Ready {
		out.Export.Bytes, out.Export.Sha256, out.Export.Until = &l.Export.Bytes, &l.Export.SHA256, shownOrNil(l.Export.Until)
	}
	return out
}

func offboardingStepOut(step privacy.Step) gen.OffboardingStep {
	out := gen.OffboardingStep{Copy: step.Copy, Before: step.Before.Items, Unit: step.Before.Unit}
	if step.State == privacy.StepClear {
		out.After = &step.After
	}
	return out
}
