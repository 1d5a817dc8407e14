package tenantspg

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/observatory/observatory/internal/follow"
	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/tenants"
	"github.com/observatory/observatory/tenants/tenantspg/db"
)

// keysChannel is notified by triggers on api_keys and signing_keys.
const keysChannel = "observatory_keys"

// KeyChanges returns the keys that changed in transactions which had not ended when the mark was taken.
//
// A mark is the lowest transaction number that was still running then. Rows carry the number of the transaction that
// changed them last, so rows from that number on are all that the earlier call can have missed, plus a few that it saw. A
// mark ahead of the server's own clock of transactions comes from another server, before a restore for example: then
// everything is returned.
func (s *Store) KeyChanges(ctx context.Context, since follow.Mark) (tenants.KeyChanges, error) {
	var changes tenants.KeyChanges
	err := s.pool.AcrossTenants(ctx, func(tx pgx.Tx) error {
		q := db.New(tx)
		xmin, err := q.SnapshotXmin(ctx) // before the rows: a transaction that ends in between is then seen twice, not never
		if err != nil {
			return err
		}
		changes.Mark = follow.Mark(xmin)
		since, changes.Complete = since.Resume(changes.Mark)
		rows, err := q.ListKeysChangedSince(ctx, int64(since))
		if changes.Keys, err = pg.Each(rows, err, toKnownKey); err != nil {
			return err
		}
		signing, err := q.ListLiveSigningKeys(ctx)
		changes.Signing, err = pg.Each(signing, err, func(r db.ListLiveSigningKeysRow) tenants.SigningPublicKey {
			return tenants.SigningPublicKey{KID: r.KID, Public: r.PublicKey}
		})
		return err
	})
	if err != nil {
		s.pool.Reset() // the network may have forgotten all connections, and each would cost another refresh
	}
	return changes, err
}

// ListenKeys follows the notifications until ctx ends.
func (s *Store) ListenKeys(ctx context.Context, changed func()) {
	s.pool.Listen(ctx, s.log, []string{keysChannel}, func(pg.Notification) { changed() })
}

// toKnownKey is a key with what its tenant's row says about the use of keys.
func toKnownKey(r db.ListKeysChangedSinceRow) tenants.APIKey {
	k := toKey(r.APIKey)
	k.Residency, k.Closing = textOrEmpty(r.Residency), r.ClosingAt != nil
	return k
}
