package api

import (
	"context"
	"time"

	"github.com/observatory/observatory/api/gen"
	"github.com/observatory/observatory/ingest/redact"
)

func (s *server) ListDetectors(context.Context, gen.ListDetectorsRequestObject) (gen.ListDetectorsResponseObject, error) {
	return gen.ListDetectors200JSONResponse{Detectors: each(redact.Detectors(), func(d redact.Detector) gen.Detector {
		return gen.Detector{
			Name: d.Name, Finds: d.Finds, Examples: d.Examples, Precision: d.Precision, Recall: d.Recall,
			Actions: each(d.Actions, func(a redact.Action) string { return string(a) }),
		}
	})}, nil
}

func (s *server) ListRedactionSecrets(ctx context.Context, _ gen.ListRedactionSecretsRequestObject) (gen.ListRedactionSecretsResponseObject, error) {
	all, err := s.deps.Redaction.Versions(ctx, in(ctx).principal.Tenant)
	if err != nil {
		return nil, err
	}
	return gen.ListRedactionSecrets200JSONResponse{Versions: each(all, secretVersionOut)}, nil
}

func (s *server) RotateRedactionSecret(ctx context.Context, _ gen.RotateRedactionSecretRequestObject) (gen.RotateRedactionSecretResponseObject, error) {
	v, err := s.deps.Redaction.Rotate(ctx, in(ctx).by())
	if err != nil {
		return nil, err
	}
	return gen.RotateRedactionSecret201JSONResponse(secretVersionOut(v)), nil
}

func secretVersionOut(v redact.SecretVersion) gen.RedactionSecret {
	out := gen.RedactionSecret{Version: v.Version, CreatedBy: orNil(v.CreatedBy)}
	if !v.CreatedAt.IsZero() {
		at := v.CreatedAt.Truncate(time.Millisecond)
		out.CreatedAt = &at
	}
	return out
}

func (s *server) RevealTokens(ctx context.Context, r gen.RevealTokensRequestObject) (gen.RevealTokensResponseObject, error) {
	all, err := s.deps.Redaction.Reveal(ctx, in(ctx).by(), r.Body.Tokens)
	if err != nil {
		return nil, err
	}
	return gen.RevealTokens200JSONResponse{
		Headers: gen.RevealTokens200ResponseHeaders{CacheControl: "no-store"},
		Body: gen.RevealedTokens{Values: each(all, func(v redact.Revealed) gen.RevealedToken {
			if v.Fault != nil {
				return gen.RevealedToken{Code: orNil(string(v.Fault.Code)), Message: orNil(v.Fault.Message)}
			}
			return gen.RevealedToken{Value: &v.Value}
		})},
	}, nil
}
