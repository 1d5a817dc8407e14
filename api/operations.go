package api

import (
	"context"

	"github.com/observatory/observatory/api/gen"
	"github.com/observatory/observatory/tenants"
)

func (s *server) Healthz(context.Context, gen.HealthzRequestObject) (gen.HealthzResponseObject, error) {
	return gen.Healthz200JSONResponse{Status: gen.Healthz200JSONResponseBodyStatusOk, Version: s.cfg.Version}, nil
}

func (s *server) Readyz(ctx context.Context, _ gen.ReadyzRequestObject) (gen.ReadyzResponseObject, error) {
	ready, parts := s.deps.Readiness.Check(ctx)
	out := gen.Readiness{Ready: ready, Components: each(parts, func(p Part) gen.Component {
		return gen.Component{Name: p.Name, Ok: p.OK, Detail: orNil(p.Detail)}
	})}
	if !ready {
		return gen.Readyz503JSONResponse(out), nil
	}
	return gen.Readyz200JSONResponse(out), nil
}

func (s *server) GetJWKS(context.Context, gen.GetJWKSRequestObject) (gen.GetJWKSResponseObject, error) {
	return gen.GetJWKS200JSONResponse{Keys: each(s.deps.Keys.JWKS().Keys, func(k tenants.JWK) gen.JWK {
		return gen.JWK{Kty: k.KTY, Crv: k.CRV, Kid: k.KID, X: k.X, Alg: k.Alg, Use: k.Use}
	})}, nil
}
