package privacypg

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/privacy/certificate"
	"github.com/observatory/observatory/privacy/privacypg/db"
	"github.com/observatory/observatory/tenants"
)

var _ certificate.Store = (*Store)(nil)

// CertificateKeys implements certificate.Store.
func (s *Store) CertificateKeys(ctx context.Context) (keys []certificate.Key, err error) {
	err = s.pool.AcrossTenants(ctx, func(t pgx.Tx) error {
		keys, err = certificateKeys(ctx, db.New(t))
		return err
	})
	return keys, err
}

func certificateKeys(ctx context.Context, q *db.Queries) ([]certificate.Key, error) {
	rows, err := q.ListCertificateKeys(ctx)
	return pg.Each(rows, err, func(r db.ListCertificateKeysRow) certificate.Key {
		return certificate.Key{KID: r.Kid, Public: r.PublicKey, SealedPrivate: r.SealedPrivate, CreatedAt: r.CreatedAt.UTC()}
	})
}

// AddCertificateKey implements certificate.Store.
func (s *Store) AddCertificateKey(ctx context.Context, another func(there []certificate.Key) *certificate.Key) error {
	return s.pool.AcrossTenants(ctx, func(t pgx.Tx) error {
		q := db.New(t)
		if err := q.LockCertificateKeys(ctx); err != nil {
			return err
		}
		there, err := certificateKeys(ctx, q)
		if err != nil {
			return err
		}
		k := another(there)
		if k == nil {
			return nil
		}
		return q.AddCertificateKey(ctx, db.AddCertificateKeyParams{Kid: k.KID, PublicKey: k.Public, SealedPrivate: k.SealedPrivate, CreatedAt: k.CreatedAt})
	})
}

// TenantName implements certificate.Store.
func (s *Store) TenantName(ctx context.Context, tenant tenants.ID) (name, residency string, err error) {
	err = s.within(ctx, tenant, func(t tx) error {
		row, err := t.q.GetTenantName(ctx)
		name, residency = row.Name, row.Residency
		return pg.OrNotFound(err, tenants.ErrTenantNotFound)
	})
	return name, residency, err
}

// KeepCertificate implements certificate.Store.
func (s *Store) KeepCertificate(ctx context.Context, tenant tenants.ID, request uuid.UUID, signed certificate.Signed) (kept certificate.Signed, err error) {
	err = s.within(ctx, tenant, func(t tx) error {
		err := t.q.KeepCertificate(ctx, db.KeepCertificateParams{RequestID: request, Kid: signed.KID, Jws: signed.JWS, IssuedAt: signed.At})
		if err != nil {
			return err
		}
		kept, err = t.certificate(ctx, request)
		return err
	})
	return kept, err
}

// Certificate implements certificate.Store.
func (s *Store) Certificate(ctx context.Context, tenant tenants.ID, request uuid.UUID) (signed certificate.Signed, err error) {
	err = s.within(ctx, tenant, func(t tx) error {
		signed, err = t.certificate(ctx, request)
		return err
	})
	return signed, err
}

func (t tx) certificate(ctx context.Context, request uuid.UUID) (certificate.Signed, error) {
	r, err := t.q.GetCertificate(ctx, request)
	return certificate.Signed{KID: r.Kid, JWS: r.Jws, At: r.IssuedAt.UTC()}, pg.OrNotFound(err, certificate.ErrNotFound)
}
