package tenants

import (
	"context"
	"maps"
	"slices"
	"time"
)

// Keys is the service for API keys. Its changes need ManageKeys, and take effect on this node at once and on every other
// within 5 s.
type Keys struct {
	service
	signing *SigningKeys
}

// CreatedKey is a new key with its token, which is shown to its owner once and stored nowhere.
type CreatedKey struct {
	Key   APIKey
	Token string
}

// List returns the keys, expired and revoked ones included, newest first.
func (ks *Keys) List(ctx context.Context, tenant ID) ([]APIKey, error) {
	var list []APIKey
	err := ks.store.Tenant(ctx, tenant, func(tx TenantTx) (err error) {
		list, err = tx.Keys(ctx)
		return err
	})
	return list, err
}

// Get returns one key, or ErrKeyNotFound.
func (ks *Keys) Get(ctx context.Context, tenant ID, id KeyID) (APIKey, error) {
	var found APIKey
	err := ks.store.Tenant(ctx, tenant, func(tx TenantTx) (err error) {
		found, err = tx.Key(ctx, id)
		return err
	})
	return found, err
}

// CreateKeyInput is a new key.
type CreateKeyInput struct {
	Source    SourceID
	Kind      KeyKind
	Name      string
	Scopes    Scopes     // nil: events:write, and for a secret key query:read too
	Env       Env        // empty: the source's
	Origins   []string   // of a publishable key; empty allows no web page, "*" allows any
	ExpiresAt *time.Time // nil: never; kept to the second
}

// Validate tidies the input and fills in defaults, or returns the fault of the first field that breaks a rule.
func (in *CreateKeyInput) Validate(now time.Time) (err error) {
	if _, err = ParseKeyKind(string(in.Kind)); err != nil {
		return err
	}
	if in.Name, err = cleanName(in.Name); err != nil {
		return err
	}
	if err := in.cleanScopes(); err != nil {
		return err
	}
	if in.Env != "" {
		if _, err := ParseEnv(string(in.Env)); err != nil {
			return err
		}
	}
	if in.Kind == Secret && len(in.Origins) > 0 {
		return ErrKeyTakesNoOrigins
	}
	if in.Origins, err = cleanOrigins(in.Origins); err != nil {
		return err
	}
	if in.ExpiresAt != nil {
		end := in.ExpiresAt.UTC().Truncate(time.Second) // all that a token's `exp` can say
		if !end.After(now) {
			return ErrKeyExpiryInvalid
		}
		in.ExpiresAt = &end
	}
	return nil
}

func (in *CreateKeyInput) cleanScopes() (err error) {
	if in.Scopes == nil {
		in.Scopes = Scopes{ScopeEventsWrite}
		if in.Kind == Secret {
			in.Scopes = Scopes{ScopeEventsWrite, ScopeQueryRead}
		}
	}
	if in.Scopes, err = ParseScopes(in.Scopes); err != nil {
		return err
	}
	if len(in.Scopes) == 0 || in.Kind == Publishable && !slices.Equal(in.Scopes, Scopes{ScopeEventsWrite}) {
		return ErrKeyScopesInvalid
	}
	return nil
}

// Create makes a key. Besides the faults of Validate it returns ErrSourceNotFound, ErrSourceArchived, and
// ErrKeyScopesTooWide for a key that would make a mightier one than itself.
func (ks *Keys) Create(ctx context.Context, by By, in CreateKeyInput) (CreatedKey, error) {
	if err := by.Principal.Require(ManageKeys); err != nil {
		return CreatedKey{}, err
	}
	if err := in.Validate(ks.time()); err != nil {
		return CreatedKey{}, err
	}
	if err := mayGrant(by.Principal, in.Scopes); err != nil {
		return CreatedKey{}, err
	}
	var created CreatedKey
	err := ks.issue(ctx, by, func(tx TenantTx, record recorder, sign signer) (err error) {
		source, err := tx.Source(ctx, in.Source)
		if err != nil {
			return err
		}
		if source.ArchivedAt != nil {
			return ErrSourceArchived
		}
		if in.Env == "" {
			in.Env = source.Env
		}
		created, err = addKey(ctx, tx, record, sign, newKey(by, in, ks.time()), nil)
		return err
	})
	if err != nil {
		return CreatedKey{}, err
	}
	ks.keysChanged(ctx)
	return created, nil
}

// UpdateKeyInput changes what is not nil.
type UpdateKeyInput struct {
	Name    *string
	Origins *[]string // of a publishable key
}

// Update renames a key or changes its origins. It returns ErrKeyNotFound, ErrNameInvalid, ErrOriginInvalid or
// ErrKeyTakesNoOrigins.
func (ks *Keys) Update(ctx context.Context, by By, id KeyID, in UpdateKeyInput) (APIKey, error) {
	if err := by.Principal.Require(ManageKeys); err != nil {
		return APIKey{}, err
	}
	var key APIKey
	err := ks.change(ctx, by, func(tx TenantTx, record recorder) error {
		before, err := tx.Key(ctx, id)
		if err != nil {
			return err
		}
		if key, err = before.with(in); err != nil {
			return err
		}
		if key.Name == before.Name && slices.Equal(key.Origins, before.Origins) {
			return nil
		}
		if err := tx.UpdateKey(ctx, key); err != nil {
			return err
		}
		return record("api_key.updated", targetKey(id),
			changed("name", before.Name, key.Name).and("origins", list(before.Origins), list(key.Origins)))
	})
	if err != nil {
		return APIKey{}, err
	}
	ks.keysChanged(ctx)
	return key, nil
}

func (k APIKey) with(in UpdateKeyInput) (APIKey, error) {
	var err error
	if in.Name != nil {
		if k.Name, err = cleanName(*in.Name); err != nil {
			return k, err
		}
	}
	if in.Origins != nil {
		if k.Kind == Secret && len(*in.Origins) > 0 {
			return k, ErrKeyTakesNoOrigins
		}
		if k.Origins, err = cleanOrigins(*in.Origins); err != nil {
			return k, err
		}
	}
	return k, nil
}

// MaxKeyGrace is how long a rotated key may go on working.
const MaxKeyGrace = 30 * 24 * time.Hour

// RotateKeyInput says how long the old key still works: 0 (not at all) to MaxKeyGrace.
type RotateKeyInput struct{ Grace time.Duration }

// Validate returns ErrKeyGraceInvalid.
func (in RotateKeyInput) Validate() error {
	if in.Grace < 0 || in.Grace > MaxKeyGrace {
		return ErrKeyGraceInvalid
	}
	return nil
}

// RotatedKey is the new key, and the old one with its end.
type RotatedKey struct {
	CreatedKey
	Old APIKey
}

// Rotate makes a new key like an old one, which expires after the grace period. An end date of the old key is not
// inherited, and never moved further away. It returns ErrKeyNotFound, ErrKeyNotActive, ErrKeyGraceInvalid,
// ErrSourceArchived or ErrKeyScopesTooWide.
func (ks *Keys) Rotate(ctx context.Context, by By, id KeyID, in RotateKeyInput) (RotatedKey, error) {
	if err := by.Principal.Require(ManageKeys); err != nil {
		return RotatedKey{}, err
	}
	if err := in.Validate(); err != nil {
		return RotatedKey{}, err
	}
	var rotated RotatedKey
	err := ks.issue(ctx, by, func(tx TenantTx, record recorder, sign signer) (err error) {
		now := ks.time()
		old, err := tx.Key(ctx, id)
		if err != nil {
			return err
		}
		if !old.Works(now) {
			return ErrKeyNotActive
		}
		if err := mayGrant(by.Principal, old.Scopes); err != nil {
			return err
		}
		successor := newKey(by, CreateKeyInput{
			Source: old.Source, Kind: old.Kind, Name: old.Name, Scopes: old.Scopes, Env: old.Env, Origins: old.Origins,
		}, now)
		rotated.CreatedKey, err = addKey(ctx, tx, record, sign, successor, Details{"replaces": id.String()})
		if err != nil {
			return err
		}
		if end := now.Add(in.Grace); old.ExpiresAt == nil || end.Before(*old.ExpiresAt) {
			old.ExpiresAt = &end
		}
		rotated.Old = old
		if err := tx.UpdateKey(ctx, old); err != nil {
			return err
		}
		return record("api_key.rotated", targetKey(id), Details{
			"name": old.Name, "hint": old.Hint, "replaced_by": successor.ID.String(), "expires_at": old.ExpiresAt.Format(time.RFC3339),
		})
	})
	if err != nil {
		return RotatedKey{}, err
	}
	ks.keysChanged(ctx)
	return rotated, nil
}

// Revoke ends a key now. Revoking a revoked key changes nothing. It returns ErrKeyNotFound.
func (ks *Keys) Revoke(ctx context.Context, by By, id KeyID) (APIKey, error) {
	if err := by.Principal.Require(ManageKeys); err != nil {
		return APIKey{}, err
	}
	var key APIKey
	err := ks.change(ctx, by, func(tx TenantTx, record recorder) (err error) {
		if key, err = tx.Key(ctx, id); err != nil || key.RevokedAt != nil {
			return err
		}
		return revokeKey(ctx, tx, record, &key, ks.time(), "")
	})
	if err != nil {
		return APIKey{}, err
	}
	ks.keysChanged(ctx)
	return key, nil
}

// revokeKeys revokes those of a tenant's keys that are not revoked yet and for which which returns true.
func revokeKeys(ctx context.Context, tx TenantTx, record recorder, now time.Time, reason string, which func(APIKey) bool) error {
	all, err := tx.Keys(ctx)
	if err != nil {
		return err
	}
	for _, k := range all {
		if k.RevokedAt != nil || !which(k) {
			continue
		}
		if err := revokeKey(ctx, tx, record, &k, now, reason); err != nil {
			return err
		}
	}
	return nil
}

func revokeKey(ctx context.Context, tx TenantTx, record recorder, k *APIKey, now time.Time, reason string) error {
	k.RevokedAt = &now
	if err := tx.UpdateKey(ctx, *k); err != nil {
		return err
	}
	details := Details{"name": k.Name, "hint": k.Hint}
	if reason != "" {
		details["reason"] = reason
	}
	return record("api_key.revoked", targetKey(k.ID), details)
}

// mayGrant keeps a key from making a mightier one. Writing events is no might over what is there.
func mayGrant(p Principal, wanted Scopes) error {
	if p.Key == nil {
		return nil
	}
	for _, s := range wanted {
		if s != ScopeEventsWrite && !p.Has(s) {
			return ErrKeyScopesTooWide
		}
	}
	return nil
}

// signer fills in the key's KID and Hint and returns its token.
type signer func(k *APIKey) (token string, err error)

// issue runs fn in a transaction of the principal's tenant in which keys can be signed.
func (ks *Keys) issue(ctx context.Context, by By, fn func(tx TenantTx, record recorder, sign signer) error) error {
	return ks.store.System(ctx, func(sys SystemTx) error {
		sign, err := ks.signer(ctx, sys)
		if err != nil {
			return err
		}
		return ks.changeWithin(ctx, sys, by, func(tx TenantTx, record recorder) error { return fn(tx, record, sign) })
	})
}

func (ks *Keys) signer(ctx context.Context, sys SystemTx) (signer, error) {
	kid, private, err := ks.signing.current(ctx, sys)
	if err != nil {
		return nil, err
	}
	return func(k *APIKey) (string, error) {
		k.KID = kid
		token, err := ks.signing.format.sign(*k, private)
		if err != nil {
			return "", err
		}
		k.Hint = token[len(token)-6:]
		return token, nil
	}, nil
}

func newKey(by By, in CreateKeyInput, now time.Time) APIKey {
	return APIKey{
		ID:        NewKeyID(),
		Tenant:    by.Principal.Tenant,
		Source:    in.Source,
		Kind:      in.Kind,
		Name:      in.Name,
		Scopes:    in.Scopes,
		Env:       in.Env,
		Origins:   in.Origins,
		CreatedAt: now,
		CreatedBy: by.Principal.Actor.Label,
		ExpiresAt: in.ExpiresAt,
	}
}

func addKey(ctx context.Context, tx TenantTx, record recorder, sign signer, k APIKey, more Details) (CreatedKey, error) {
	token, err := sign(&k)
	if err != nil {
		return CreatedKey{}, err
	}
	if err := tx.AddKey(ctx, k); err != nil {
		return CreatedKey{}, err
	}
	details := Details{
		"name": k.Name, "kind": string(k.Kind), "hint": k.Hint, "source": k.Source.String(),
		"scopes": k.Scopes.String(), "environment": string(k.Env), "origins": list(k.Origins),
	}
	if k.ExpiresAt != nil {
		details["expires_at"] = k.ExpiresAt.Format(time.RFC3339)
	}
	maps.Copy(details, more)
	return CreatedKey{Key: k, Token: token}, record("api_key.created", targetKey(k.ID), details)
}
