package api

import (
	"context"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/observatory/observatory/api/gen"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/tenants"
)

func (s *server) ListSuppressions(ctx context.Context, r gen.ListSuppressionsRequestObject) (gen.ListSuppressionsResponseObject, error) {
	before, err := suppressionPlace(deref(r.Params.Cursor))
	if err != nil {
		return nil, err
	}
	limit := pageSize(r.Params.Limit)
	found, err := s.deps.Suppressed.List(ctx, in(ctx).principal.Tenant, privacy.SuppressionFilter{Standing: privacy.Standing(deref(r.Params.State))}, before, limit)
	if err != nil {
		return nil, err
	}
	out := gen.ListSuppressions200JSONResponse{Suppressions: each(found, suppressionOut)}
	if len(found) == limit {
		last := &found[limit-1]
		out.NextCursor = orNil(fmt.Sprintf("%d-%x", last.ChangedAt.UnixMicro(), last.Hash))
	}
	return out, nil
}

// suppressionPlace reads a cursor: microseconds and a hash.
func suppressionPlace(cursor string) (p privacy.SuppressionPlace, err error) {
	if cursor == "" {
		return p, nil
	}
	at, hash, _ := strings.Cut(cursor, "-")
	micros, err := strconv.ParseInt(at, 10, 64)
	if err != nil || len(hash) != hex.EncodedLen(len(p.Hash)) {
		return p, tenants.ErrCursorInvalid
	}
	if _, err := hex.Decode(p.Hash[:], []byte(hash)); err != nil {
		return p, tenants.ErrCursorInvalid
	}
	p.ChangedAt = time.UnixMicro(micros).UTC()
	return p, nil
}

func (s *server) LookUpSuppressions(ctx context.Context, r gen.LookUpSuppressionsRequestObject) (gen.LookUpSuppressionsResponseObject, error) {
	given, err := subjectsIn(r.Body.Subjects)
	if err != nil {
		return nil, err
	}
	found, err := privacy.LookUpSuppressions(ctx, s.deps.Suppressed, in(ctx).principal.Tenant, given)
	if err != nil {
		return nil, err
	}
	return gen.LookUpSuppressions200JSONResponse{States: each(found, func(s privacy.SuppressionState) gen.SuppressionState {
		return gen.SuppressionState{State: gen.SuppressionStanding(s.Standing), ErasedBefore: shownOrNil(s.Erased)}
	})}, nil
}

func suppressionOut(e privacy.SuppressionEntry) gen.Suppression {
	return gen.Suppression{
		Id: hex.EncodeToString(e.Hash[:]), Kind: gen.SuppressionKind(e.Kind), Path: orNil(e.Path), State: gen.SuppressionStanding(e.Standing), ErasedBefore: shownOrNil(e.Erased),
		RequestId: e.Request, CreatedAt: shown(e.CreatedAt), ChangedAt: shown(e.ChangedAt),
	}
}
