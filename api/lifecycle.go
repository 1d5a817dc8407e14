package api

import (
	"context"

	"github.com/observatory/observatory/api/gen"
	"github.com/observatory/observatory/internal/fault"
)

// errComing is the answer of operations that stand in the contract before what they do. Access is closed to them as well.
var errComing = fault.New(fault.Unavailable, "not_built", "This operation is not built yet.")

func (s *server) GetOffboarding(context.Context, gen.GetOffboardingRequestObject) (gen.GetOffboardingResponseObject, error) {
	return nil, errComing
}

func (s *server) StartOffboarding(context.Context, gen.StartOffboardingRequestObject) (gen.StartOffboardingResponseObject, error) {
	return nil, errComing
}

func (s *server) CancelOffboarding(context.Context, gen.CancelOffboardingRequestObject) (gen.CancelOffboardingResponseObject, error) {
	return nil, errComing
}

func (s *server) DownloadOffboardingExport(context.Context, gen.DownloadOffboardingExportRequestObject) (gen.DownloadOffboardingExportResponseObject, error) {
	return nil, errComing
}

func (s *server) DownloadOffboardingCertificate(context.Context, gen.DownloadOffboardingCertificateRequestObject) (gen.DownloadOffboardingCertificateResponseObject, error) {
	return nil, errComing
}
