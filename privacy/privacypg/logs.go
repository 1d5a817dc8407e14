package privacypg

import (
	"context"
	"encoding/json"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/observatory/observatory/internal/follow"
	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/privacy/privacypg/db"
)

// Logs keeps how far the logs are. It implements privacy.Logs and privacy.Positions.
type Logs struct{ pool *pg.Pool }

var (
	_ privacy.Logs      = Logs{}
	_ privacy.Positions = Logs{}
)

// NewLogs makes it of connections to a database that is migrated. It does not connect yet.
func NewLogs(pool *pg.Pool) Logs { return Logs{pool} }

// Report implements privacy.Logs.
func (l Logs) Report(ctx context.Context, s privacy.LogState) error {
	return l.pool.AcrossTenants(ctx, func(t pgx.Tx) error {
		return db.New(t).ReportLog(ctx, db.ReportLogParams{
			LogID: s.Log, Kind: s.Kind, Host: s.Host, Applied: int64(s.Applied), Ended: s.End, Clock: s.Clock,
			Settled: s.Settled, Forgotten: s.Forgotten, Empty: s.Empty,
		})
	})
}

// List implements privacy.Logs.
func (l Logs) List(ctx context.Context) (all []privacy.LogState, err error) {
	err = l.pool.AcrossTenants(ctx, func(t pgx.Tx) error {
		rows, err := db.New(t).ListLogs(ctx)
		all, err = pg.Each(rows, err, func(r db.ListLogsRow) privacy.LogState {
			return privacy.LogState{
				LogPosition: privacy.LogPosition{Log: r.LogID, Kind: r.Kind, Host: r.Host, End: r.Ended, Clock: r.Clock.UTC(), Retired: r.Retired},
				Applied:     follow.Mark(r.Applied), Settled: r.Settled, Forgotten: r.Forgotten, Empty: r.Empty, SeenAt: r.SeenAt.UTC(),
			}
		})
		return err
	})
	return all, err
}

// Retire implements privacy.Logs.
func (l Logs) Retire(ctx context.Context, log uuid.UUID, destroyed bool) error {
	return l.pool.AcrossTenants(ctx, func(t pgx.Tx) error {
		changed, err := db.New(t).RetireLog(ctx, db.RetireLogParams{LogID: log, Destroyed: destroyed})
		if err == nil && changed == 0 {
			return privacy.ErrNoLog
		}
		return err
	})
}

// Position implements privacy.Positions.
func (l Logs) Position(ctx context.Context, mark follow.Mark) (p privacy.Position, ok bool, err error) {
	err = l.pool.AcrossTenants(ctx, func(t pgx.Tx) error {
		kept, err := db.New(t).AskLogPosition(ctx, int64(mark))
		if err != nil || len(kept) == 0 {
			return err
		}
		ok = true
		return json.Unmarshal(kept[0], &p)
	})
	return p, ok, err
}

// KeepPosition implements privacy.Positions. Positions that nobody asks for any more make room.
func (l Logs) KeepPosition(ctx context.Context, mark follow.Mark, p privacy.Position) (privacy.Position, error) {
	text, err := json.Marshal(p)
	if err != nil {
		return p, err
	}
	var kept privacy.Position
	err = l.pool.AcrossTenants(ctx, func(t pgx.Tx) error {
		q := db.New(t)
		if err := q.ForgetLogPositions(ctx); err != nil {
			return err
		}
		text, err := q.KeepLogPosition(ctx, db.KeepLogPositionParams{Mark: int64(mark), Position: text})
		if err != nil {
			return err
		}
		return json.Unmarshal(text, &kept)
	})
	return kept, err
}
