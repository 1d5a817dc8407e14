package privacypg

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/privacy/archive"
	"github.com/observatory/observatory/privacy/privacypg/db"
	"github.com/observatory/observatory/tenants"
)

// Archives keeps what is known of archives. It implements archive.Index.
type Archives struct{ *Store }

var _ archive.Index = Archives{}

// Archives gives the port of the archive.
func (s *Store) Archives() Archives { return Archives{s} }

// Tenant implements archive.Index.
func (s Archives) Tenant(ctx context.Context, tenant tenants.ID) (found archive.Tenant, err error) {
	err = s.within(ctx, tenant, func(t tx) error {
		rows, err := t.q.GetArchive(ctx)
		for _, r := range rows {
			found = archive.Tenant{Encrypted: r.Encrypted, Recipient: r.Recipient, Sealed: r.SealedKey, Epoch: r.Epoch}
		}
		if err != nil {
			return err
		}
		row, err := t.q.GetTenantName(ctx)
		found.Residency = row.Residency
		return pg.OrNotFound(err, nil)
	})
	return found, err
}

// Publish implements archive.Index: a lock on the tenant's row is what keeps others waiting.
func (s Archives) Publish(ctx context.Context, tenant tenants.ID, epoch int64, put func(context.Context) (*archive.Manifest, error)) error {
	return s.within(ctx, tenant, func(t tx) error {
		if err := t.q.EnsureArchive(ctx); err != nil {
			return err
		}
		now, err := t.q.LockArchive(ctx)
		if err != nil {
			return err
		}
		if now != epoch {
			return archive.ErrOvertaken
		}
		m, err := put(ctx)
		if err != nil || m == nil {
			return err
		}
		day, err := archiveDay(m)
		if err != nil {
			return err
		}
		return t.q.PutArchiveDay(ctx, day)
	})
}

func archiveDay(m *archive.Manifest) (db.PutArchiveDayParams, error) {
	text, err := json.Marshal(m)
	if err != nil {
		return db.PutArchiveDayParams{}, err
	}
	p := db.PutArchiveDayParams{Date: m.Date, Generation: m.Generation, Manifest: text, Events: m.Rows, Bytes: m.Bytes, WrittenAt: m.WrittenAt}
	date, err := time.Parse(time.DateOnly, m.Date)
	if err != nil {
		return p, fmt.Errorf("read the date of a manifest: %w", err)
	}
	for _, f := range m.Files {
		if f.Name != "" {
			at := date.Add(time.Duration(f.Hour) * time.Hour)
			p.Files++
			p.Newest = &at // they are in the order of hours
		}
	}
	return p, nil
}

// Advance implements archive.Index.
func (s Archives) Advance(ctx context.Context, tenant tenants.ID) error {
	return s.within(ctx, tenant, func(t tx) error { return t.q.AdvanceArchive(ctx) })
}

// Days implements archive.Index.
func (s Archives) Days(ctx context.Context, tenant tenants.ID, dates ...string) (map[string]archive.Day, error) {
	days := map[string]archive.Day{}
	if dates == nil {
		dates = []string{} // all
	}
	err := s.within(ctx, tenant, func(t tx) error {
		rows, err := t.q.ListArchiveDays(ctx, dates)
		if err != nil {
			return err
		}
		for _, r := range rows {
			d := archive.Day{Cleaned: r.Cleaned}
			if err := json.Unmarshal(r.Manifest, &d.Manifest); err != nil {
				return fmt.Errorf("read a manifest: %w", err)
			}
			days[d.Date] = d
		}
		return nil
	})
	return days, err
}

// Cleaned implements archive.Index.
func (s Archives) Cleaned(ctx context.Context, tenant tenants.ID, date string, generation int64) error {
	return s.within(ctx, tenant, func(t tx) error {
		return t.q.CleanedArchiveDay(ctx, db.CleanedArchiveDayParams{Generation: generation, Date: date})
	})
}

// Totals implements archive.Index.
func (s Archives) Totals(ctx context.Context, tenant tenants.ID) (sum archive.Totals, err error) {
	err = s.within(ctx, tenant, func(t tx) error {
		r, err := t.q.SumArchiveDays(ctx)
		sum = archive.Totals{Days: r.Days, Files: r.Files, Rows: r.Events, Bytes: r.Bytes, Newest: sinceEpoch(r.Newest), WrittenAt: sinceEpoch(r.WrittenAt)}
		return err
	})
	return sum, err
}

// sinceEpoch is nil for 1970, which stands for none.
func sinceEpoch(at time.Time) *time.Time {
	if at.Unix() == 0 {
		return nil
	}
	return pg.UTC(&at)
}

// SetKey implements archive.Index.
func (s Archives) SetKey(ctx context.Context, tenant tenants.ID, recipient string, sealed []byte) error {
	return s.within(ctx, tenant, func(t tx) error {
		if err := t.q.EnsureArchive(ctx); err != nil {
			return err
		}
		return t.q.SetArchiveKey(ctx, db.SetArchiveKeyParams{Recipient: recipient, SealedKey: sealed})
	})
}

// Encrypt implements archive.Index.
func (s Archives) Encrypt(ctx context.Context, tenant tenants.ID, encrypted bool, entry tenants.AuditEntry) error {
	return s.within(ctx, tenant, func(t tx) error {
		if err := t.q.EnsureArchive(ctx); err != nil {
			return err
		}
		changed, err := t.q.SetArchiveEncrypted(ctx, encrypted)
		if err != nil || changed == 0 {
			return err
		}
		return t.Audit(ctx, entry)
	})
}

// Remove implements archive.Index. The epoch stays: who was at work on the archive must not find that he may go on.
func (s Archives) Remove(ctx context.Context, tenant tenants.ID) error {
	return s.within(ctx, tenant, func(t tx) error {
		if err := t.q.RemoveArchive(ctx); err != nil {
			return err
		}
		return t.q.RemoveArchiveDays(ctx)
	})
}
