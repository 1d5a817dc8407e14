package price_test

import (
	"cmp"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/billing/plan"
	"github.com/observatory/observatory/billing/price"
)

// TestAMonthCostsWhatTheModelSays compares every line with that of a model which counts hour by hour and unit by unit in fractions.
func TestAMonthCostsWhatTheModelSays(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t, drawPlans(t, plan.Graduated, plan.Volume))
		bill, err := price.Rate(in)
		require.NoError(t, err)
		require.Equal(t, model(in), chargesOf(bill.Lines))
		again, err := price.Rate(in)
		require.NoError(t, err)
		require.Equal(t, bill, again)
	})
}

// TestNothingIsPricedTwiceOrNotAtAll: what lines say was used adds up to what was used while there were terms.
func TestNothingIsPricedTwiceOrNotAtAll(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t, drawPlans(t, plan.Graduated, plan.Volume))
		bill, err := price.Rate(in)
		require.NoError(t, err)
		priced := map[billing.MeterName]int64{}
		for _, l := range bill.Lines {
			if l.Kind == billing.UsageLine {
				priced[l.Meter] += l.Quantity
			}
		}
		for meter, hours := range in.Use {
			var used int64
			for _, h := range hours {
				left := !in.Until.IsZero() && !h.Hour.Before(in.Until)
				if !h.Hour.Before(in.Period.From) && h.Hour.Before(in.Period.To) && !h.Hour.Before(in.History[0].From) && !left {
					used += h.Quantity
				}
			}
			require.Equal(t, used, priced[meter], "%s", meter)
		}
	})
}

// TestMoreNeverCostsLess holds for graduated prices; those by volume fall where a tier begins, which is their point.
func TestMoreNeverCostsLess(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t, drawPlans(t, plan.Graduated))
		less, err := price.Rate(in)
		require.NoError(t, err)
		in.Use[billing.Events] = append(in.Use[billing.Events], billing.HourUse{
			Hour: in.Period.From.Add(time.Duration(rapid.Int64Range(0, in.Period.Hours()-1).Draw(t, "hour")) * time.Hour), Quantity: rapid.Int64Range(1, 100).Draw(t, "more"),
		})
		more, err := price.Rate(in)
		require.NoError(t, err)
		require.GreaterOrEqual(t, more.Total(), less.Total())
	})
}

// TestSayingTheSameAgainCostsNothing: new terms that say what the old ones did change no line.
func TestSayingTheSameAgainCostsNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t, drawPlans(t, plan.Graduated, plan.Volume))
		before, err := price.Rate(in)
		require.NoError(t, err)
		again := in.History[len(in.History)-1]
		again.Revision++
		again.From = again.From.Add(time.Duration(rapid.IntRange(0, 2000).Draw(t, "later")) * time.Hour)
		in.History = append(in.History, again)
		after, err := price.Rate(in)
		require.NoError(t, err)
		require.Equal(t, before, after)
	})
}

// TestNothingOverflows gives quantities and prices that no number can hold the product of.
func TestNothingOverflows(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t, drawPlans(t, plan.Graduated, plan.Volume))
		for _, v := range in.Plans.Versions {
			for _, p := range v.Plans {
				for _, one := range p.Prices {
					for i := range one.Tiers {
						one.Tiers[i].Amounts["KWD"], one.Tiers[i].Per = 1_000_000_000_000, 1
					}
				}
			}
		}
		for meter, hours := range in.Use {
			for i := range hours {
				in.Use[meter][i].Quantity = rapid.SampledFrom(immense()).Draw(t, "quantity")
			}
		}
		bill, err := price.Rate(in)
		require.NoError(t, err)
		for _, l := range bill.Lines {
			require.Positive(t, l.Quantity)
			require.True(t, l.Kind != billing.UsageLine || l.Amount >= 0)
		}
		total := new(big.Int)
		for _, l := range bill.Lines {
			total.Add(total, big.NewInt(int64(l.Amount)))
		}
		require.Equal(t, total.Sign(), cmp.Compare(bill.Total(), 0), "what does not fit is no debt turned into a credit")
	})
}

// TestThereIsRoomUpToTheCap: as many events as there is room for do not reach the cap, and one more does.
func TestThereIsRoomUpToTheCap(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t, drawPlans(t, plan.Graduated, plan.Volume))
		in.Until = time.Time{}
		hour := in.Period.From.Add(time.Duration(rapid.Int64Range(0, in.Period.Hours()-1).Draw(t, "hour")) * time.Hour)
		room, bounded, err := price.Room(in, hour)
		require.NoError(t, err)
		if !bounded {
			return
		}
		over := func(more int64) bool {
			with := in
			with.Use = map[billing.MeterName][]billing.HourUse{
				billing.Exports: in.Use[billing.Exports], billing.Events: append([]billing.HourUse{{Hour: hour, Quantity: more}}, in.Use[billing.Events]...),
			}
			bill, err := price.Rate(with)
			require.NoError(t, err)
			for _, l := range bill.Lines {
				if l.Kind == billing.CapLine {
					return true
				}
			}
			return false
		}
		if room > 0 {
			for more := range min(room, 300) {
				require.False(t, over(room-more), "%d of %d", room-more, room)
			}
		}
		beyond := room == 0 && over(0) // a volume that is too much may cost less once it is more
		require.True(t, beyond || over(room+1))
	})
}
