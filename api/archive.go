package api

import (
	"context"

	"github.com/observatory/observatory/api/gen"
	"github.com/observatory/observatory/privacy/archive"
	"github.com/observatory/observatory/tenants"
)

func (s *server) GetArchive(ctx context.Context, _ gen.GetArchiveRequestObject) (gen.GetArchiveResponseObject, error) {
	out, err := s.archive(ctx, in(ctx).principal.Tenant)
	return gen.GetArchive200JSONResponse(out), err
}

func (s *server) PutArchive(ctx context.Context, r gen.PutArchiveRequestObject) (gen.PutArchiveResponseObject, error) {
	by := in(ctx).by()
	if err := s.deps.Archive.SetEncryption(ctx, by, r.Body.Encrypted); err != nil {
		return nil, err
	}
	out, err := s.archive(ctx, by.Principal.Tenant)
	return gen.PutArchive200JSONResponse(out), err
}

func (s *server) archive(ctx context.Context, tenant tenants.ID) (gen.Archive, error) {
	state, err := s.deps.Archive.State(ctx, tenant)
	return archiveOut(state), err
}

func archiveOut(a archive.State) gen.Archive {
	return gen.Archive{
		Encrypted: a.Encrypted, Recipient: orNil(a.Recipient), Days: a.Days, Files: a.Files, Events: a.Rows, Bytes: a.Bytes,
		NewestHour: shownOrNil(a.Newest), WrittenAt: shownOrNil(a.WrittenAt), WaitingHours: a.Waiting,
	}
}
