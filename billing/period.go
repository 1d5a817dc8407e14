package billing

import "time"

// Period is a calendar month in UTC. Every tenant's is the same.
type Period struct{ From, To time.Time } // To is the beginning of the next

// PeriodOf is the period that an instant lies in.
func PeriodOf(t time.Time) Period {
	t = t.UTC()
	from := time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC)
	return Period{From: from, To: from.AddDate(0, 1, 0)}
}

// Next is the period behind it.
func (p Period) Next() Period { return PeriodOf(p.To) }

// Before is the period before it.
func (p Period) Before() Period { return PeriodOf(p.From.Add(-time.Nanosecond)) }

// Hours is how many hours it has: 672 to 744.
func (p Period) Hours() int64 { return int64(p.To.Sub(p.From) / time.Hour) }

// String is its month, as in 2026-11.
func (p Period) String() string { return p.From.Format("2006-01") }
