package billingpg

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/billing/billingpg/db"
	"github.com/observatory/observatory/billing/quota"
	"github.com/observatory/observatory/internal/follow"
	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/tenants"
	"github.com/observatory/observatory/tenants/tenantspg"
)

// Quotas keeps what holds for tenants, what nodes have claimed, and who was warned.
type Quotas struct {
	*Store
	mails *tenants.Outbox
	log   *slog.Logger
}

var (
	_ quota.Claims = Quotas{}
	_ quota.Feed   = Quotas{}
	_ quota.Book   = Quotas{}
)

// Quotas gives the store as what billing/quota needs. Its mails are of that outbox.
func (s *Store) Quotas(mails *tenants.Outbox, log *slog.Logger) Quotas {
	return Quotas{Store: s, mails: mails, log: log}
}

// Claim implements quota.Claims. The rows of the quotas are locked, in one order for all, so that nodes ask one after the other.
func (s Quotas) Claim(ctx context.Context, log uuid.UUID, wanted []quota.Want) ([]quota.Grant, error) {
	grants := make([]quota.Grant, len(wanted))
	ids, months := make([]uuid.UUID, len(wanted)), make([]string, len(wanted))
	for i, w := range wanted {
		ids[i], months[i] = uuid.UUID(w.Tenant), monthText(w.Month)
	}
	err := s.across(ctx, func(_ pgx.Tx, q *db.Queries) error {
		rows, err := q.LockQuotas(ctx, ids)
		if err != nil {
			return err
		}
		quotas := map[tenants.ID]quota.Quota{}
		for _, r := range rows {
			one := quotaOf(db.ListQuotasChangedSinceRow(r))
			quotas[one.Tenant] = one
		}
		others, err := q.OthersClaims(ctx, db.OthersClaimsParams{Tenants: ids, Months: months, LogID: log, Kept: quota.ClaimKept})
		if err != nil {
			return err
		}
		put := db.PutQuotaCountsParams{LogID: log, Tenants: ids, Months: months, Counted: make([]int64, len(wanted)), Claimed: make([]int64, len(wanted))}
		for i, w := range wanted {
			one, ok := quotas[w.Tenant]
			if !ok {
				one = quota.Quota{Tenant: w.Tenant, Standing: quota.Open}
			}
			var claimed, spare int64
			for _, o := range others {
				if o.TenantID == ids[i] && o.Month == months[i] {
					claimed, spare = o.Claimed, o.Spare
				}
			}
			grants[i] = quota.Grant{Quota: one, Claimed: one.Claim(w.Month, w.Counted, w.Events, claimed, spare)}
			put.Counted[i], put.Claimed[i] = w.Counted, grants[i].Claimed
		}
		return q.PutQuotaCounts(ctx, put)
	})
	return grants, err
}

// Publish implements quota.Claims.
func (s Quotas) Publish(ctx context.Context, log uuid.UUID, counts []quota.Count) error {
	counts = slices.Clone(counts)
	slices.SortFunc(counts, func(a, b quota.Count) int { // one order for all, so that nobody waits for each other
		return cmp.Or(slices.Compare(a.Tenant[:], b.Tenant[:]), a.Month.From.Compare(b.Month.From))
	})
	put := db.PutQuotaCountsParams{LogID: log}
	for _, c := range counts {
		put.Tenants, put.Months = append(put.Tenants, uuid.UUID(c.Tenant)), append(put.Months, monthText(c.Month))
		put.Counted, put.Claimed = append(put.Counted, c.Counted), append(put.Claimed, c.Claimed)
	}
	return s.across(ctx, func(_ pgx.Tx, q *db.Queries) error { return q.PutQuotaCounts(ctx, put) })
}

// QuotaChanges implements quota.Feed. A mark is the lowest transaction number that was still running when it was taken: rows from that number on
// are all that the earlier call can have missed.
func (s Quotas) QuotaChanges(ctx context.Context, since follow.Mark) (quota.Changes, error) {
	var changes quota.Changes
	err := s.across(ctx, func(_ pgx.Tx, q *db.Queries) error {
		xmin, err := q.SnapshotXmin(ctx) // before the rows: a transaction that ends in between is then seen twice, not never
		if err != nil {
			return err
		}
		changes.Mark = follow.Mark(xmin)
		since, changes.Complete = since.Resume(changes.Mark)
		rows, err := q.ListQuotasChangedSince(ctx, int64(since))
		changes.Quotas, err = pg.Each(rows, err, quotaOf)
		return err
	})
	if err != nil {
		s.pool.Reset() // the network may have forgotten all connections, and each would cost another refresh
	}
	return changes, err
}

// ListenQuotas implements quota.Feed.
func (s Quotas) ListenQuotas(ctx context.Context, changed func()) {
	s.pool.Listen(ctx, s.log, []string{"observatory_quotas"}, func(pg.Notification) { changed() })
}

// Find implements quota.Book.
func (s Quotas) Find(ctx context.Context, tenant tenants.ID) (found quota.Quota, err error) {
	err = s.within(ctx, tenant, func(_ pgx.Tx, q *db.Queries) error {
		found, err = one(tenant)(q.FindQuota(ctx))
		return err
	})
	return found, err
}

// one is the only row, or what holds where there is none.
func one(tenant tenants.ID) func([]db.FindQuotaRow, error) (quota.Quota, error) {
	return func(rows []db.FindQuotaRow, err error) (quota.Quota, error) {
		if err != nil || len(rows) == 0 {
			return quota.Quota{Tenant: tenant, Standing: quota.Open}, err
		}
		return quotaOf(db.ListQuotasChangedSinceRow(rows[0])), nil
	}
}

// Change implements quota.Book.
func (s Quotas) Change(ctx context.Context, tenant tenants.ID, at time.Time, change func(quota.Quota) (quota.Quota, *tenants.AuditEntry)) (after quota.Quota, err error) {
	err = s.within(ctx, tenant, func(tx pgx.Tx, q *db.Queries) error {
		before, there, err := lockQuota(ctx, q, tenant)
		if err != nil {
			return err
		}
		var entry *tenants.AuditEntry
		if after, entry = change(before); same(before, after) && (there || after.Limit == nil && after.Standing == quota.Open) {
			return nil
		}
		if !there { // somebody else may be about to make the first row, too
			if err := q.OpenQuota(ctx, db.OpenQuotaParams{KeepDays: quota.KeepUnpaid, Because: string(quota.OfPlan), At: at}); err != nil {
				return err
			}
			if before, _, err = lockQuota(ctx, q, tenant); err != nil {
				return err
			}
			after, entry = change(before)
		}
		put := db.PutQuotaParams{
			KeepDays: quota.KeepUnpaid, Because: string(quota.OfPlan), Extra: after.Extra, ExtraMonth: monthText(after.ExtraIn),
			Standing: string(after.Standing), ReleaseID: after.Release, At: at,
		}
		if l := after.Limit; l != nil {
			put.Events, put.Hold, put.KeepDays, put.Because = &l.Events, l.Hold, int32(l.KeepDays), string(l.Because) //nolint:gosec // at most 365
		}
		if !after.RaisedAt.IsZero() {
			put.RaisedAt = &after.RaisedAt
		}
		if err := q.PutQuota(ctx, put); err != nil || entry == nil {
			return err
		}
		_, err = tenantspg.AppendAudit(ctx, tx, tenant, *entry)
		return err
	})
	return after, err
}

// lockQuota reads the only row and locks it, or tells that there is none.
func lockQuota(ctx context.Context, q *db.Queries, tenant tenants.ID) (found quota.Quota, there bool, err error) {
	rows, err := q.LockQuota(ctx)
	all := make([]db.FindQuotaRow, len(rows))
	for i := range rows {
		all[i] = db.FindQuotaRow(rows[i])
	}
	found, err = one(tenant)(all, err)
	return found, len(rows) > 0, err
}

func same(a, b quota.Quota) bool {
	return (a.Limit == nil) == (b.Limit == nil) && (a.Limit == nil || *a.Limit == *b.Limit) && a.Extra == b.Extra && a.ExtraIn == b.ExtraIn &&
		a.Standing == b.Standing && a.RaisedAt.Equal(b.RaisedAt) && (a.Release == nil) == (b.Release == nil) && (a.Release == nil || *a.Release == *b.Release)
}

// Used implements quota.Book.
func (s Quotas) Used(ctx context.Context, tenant tenants.ID, month billing.Period) (n int64, err error) {
	err = s.within(ctx, tenant, func(_ pgx.Tx, q *db.Queries) error {
		n, err = q.CountQuota(ctx, monthText(month))
		return err
	})
	return n, err
}

// Quotas implements quota.Book.
func (s Quotas) Quotas(ctx context.Context, month billing.Period) (all []quota.Standings, err error) {
	err = s.across(ctx, func(_ pgx.Tx, q *db.Queries) error {
		ids, err := q.ListTenantsForQuotas(ctx)
		if err != nil {
			return err
		}
		rows, err := q.ListQuotasChangedSince(ctx, 0)
		if err != nil {
			return err
		}
		counts, err := q.CountQuotas(ctx, monthText(month))
		if err != nil {
			return err
		}
		warned, err := q.ListQuotaWarningsOfMonth(ctx, monthText(month))
		if err != nil {
			return err
		}
		at := make(map[uuid.UUID]int, len(ids))
		for i, id := range ids {
			at[id] = i
			all = append(all, quota.Standings{Quota: quota.Quota{Tenant: tenants.ID(id), Standing: quota.Open}})
		}
		for _, r := range rows {
			if i, ok := at[r.TenantID]; ok {
				all[i].Quota = quotaOf(r)
			}
		}
		for _, c := range counts {
			if i, ok := at[c.TenantID]; ok {
				all[i].Used = c.Counted
			}
		}
		for _, w := range warned {
			if i, ok := at[w.TenantID]; ok {
				all[i].Given = append(all[i].Given, quota.Notice(w.Kind))
			}
		}
		return nil
	})
	return all, err
}

// Raised implements quota.Book.
func (s Quotas) Raised(ctx context.Context) (all []quota.Quota, err error) {
	err = s.across(ctx, func(_ pgx.Tx, q *db.Queries) error {
		rows, err := q.ListRaisedQuotas(ctx)
		all, err = pg.Each(rows, err, func(r db.ListRaisedQuotasRow) quota.Quota { return quotaOf(db.ListQuotasChangedSinceRow(r)) })
		return err
	})
	return all, err
}

// Released implements quota.Book.
func (s Quotas) Released(ctx context.Context, tenant tenants.ID, was time.Time, raised time.Time, release *uuid.UUID) error {
	set := db.SetQuotaReleaseParams{TenantID: uuid.UUID(tenant), Was: &was, ReleaseID: release}
	if !raised.IsZero() {
		set.RaisedAt = &raised
	}
	return s.across(ctx, func(_ pgx.Tx, q *db.Queries) error { return q.SetQuotaRelease(ctx, set) })
}

// Warnings implements quota.Book.
func (s Quotas) Warnings(ctx context.Context, tenant tenants.ID, month billing.Period) (all []quota.Warning, err error) {
	err = s.within(ctx, tenant, func(_ pgx.Tx, q *db.Queries) error {
		rows, err := q.ListQuotaWarnings(ctx, monthText(month))
		all, err = pg.Each(rows, err, func(r db.ListQuotaWarningsRow) quota.Warning {
			return quota.Warning{Notice: quota.Notice(r.Kind), Used: r.Used, Events: r.Events, Day: dayOf(r.Day), At: r.At.UTC()}
		})
		return err
	})
	return all, err
}

// Warn implements quota.Book.
func (s Quotas) Warn(ctx context.Context, tenant tenants.ID, month billing.Period, w quota.Warning) error {
	return s.across(ctx, func(tx pgx.Tx, q *db.Queries) error {
		add := db.AddQuotaWarningParams{TenantID: uuid.UUID(tenant), Month: monthText(month), Kind: string(w.Notice), Used: w.Used, Events: w.Events, At: w.At}
		if !w.Day.IsZero() {
			day := w.Day.Format(time.DateOnly)
			add.Day = &day
		}
		n, err := q.AddQuotaWarning(ctx, add)
		if err != nil || n == 0 { // somebody was quicker
			return err
		}
		return mailManagers(ctx, tx, s.mails, tenant, month.To, func(organisation string) tenants.Notice {
			letter := w.Letter(organisation, month)
			return tenants.Notice{
				Kind: "quota", Subject: letter.Subject, Before: letter.Text, Action: "See your quota", Link: s.mails.Page("usage", "quota").String(),
				After: []string{"You get this mail because you manage the organisation, once a month for each of these notices."},
			}
		})
	})
}

func quotaOf(r db.ListQuotasChangedSinceRow) quota.Quota {
	q := quota.Quota{
		Tenant: tenants.ID(r.TenantID), Extra: r.Extra, ExtraIn: billing.PeriodOf(dayOf(r.ExtraMonth)), Standing: quota.Standing(r.Standing), Release: r.ReleaseID,
	}
	if r.Events != nil {
		q.Limit = &quota.Limit{Events: *r.Events, Hold: r.Hold, KeepDays: int(r.KeepDays), Because: quota.Because(r.Because)}
	}
	if r.RaisedAt != nil {
		q.RaisedAt = r.RaisedAt.UTC()
	}
	return q
}

// monthText is a month as the database is given it: by its first day.
func monthText(p billing.Period) string { return p.From.Format(time.DateOnly) }

// dayOf reads a day that the database has written; zero: none.
func dayOf(text string) time.Time {
	day, err := time.Parse(time.DateOnly, text)
	if err != nil || day.Unix() == 0 {
		return time.Time{}
	}
	return day
}
