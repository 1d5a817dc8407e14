package price

import (
	"fmt"
	"slices"
	"time"

	"github.com/observatory/observatory/billing"
)

// lowered are the lines by which a coupon and a spend cap lower what the month itself comes to: a coupon that of the plans that it is for.
func (r rating) lowered(last billing.Terms, month []billing.Line) (lines []billing.Line, err error) {
	sum := billing.Total(month)
	line := billing.Line{Plan: last.Plan, From: r.Period.From, To: r.Period.To, Quantity: 1}
	if last.Coupon != "" {
		coupon, err := r.Plans.Coupon(last.Coupon)
		if err != nil {
			return nil, err
		}
		ofPlans := billing.Total(slices.DeleteFunc(slices.Clone(month), func(l billing.Line) bool { return !coupon.For(l.Plan, r.currency) }))
		nth := CouponMonth(r.History, last.Coupon, r.Period)
		if off := min(ofPlans, couponOff(coupon.Percent, coupon.Amounts[r.currency], ofPlans)); nth <= coupon.Months && off > 0 {
			line.Kind, line.Amount = billing.CouponLine, -off
			line.Text = fmt.Sprintf("%s, month %d of %d", coupon.Title, nth, coupon.Months)
			lines = append(lines, line)
			sum -= off
		}
	}
	if last.SpendCap != nil && sum > *last.SpendCap {
		line.Kind, line.Amount = billing.CapLine, *last.SpendCap-sum
		line.Text = "Beyond the spend cap of " + last.SpendCap.Format(r.currency)
		lines = append(lines, line)
	}
	return lines, nil
}

func couponOff(percent int, amount, sum billing.Amount) billing.Amount {
	if percent > 0 {
		return billing.Share(sum, int64(percent), 100)
	}
	return amount
}

// CouponMonth says which month of a coupon a period is, from 1, if terms with it are in force at the period's end: the first is that in which it
// was redeemed. Terms without it in between begin it anew.
func CouponMonth(history []billing.Terms, code string, period billing.Period) int {
	var since time.Time
	for _, t := range billing.InForce(history, time.Time{}, period.To) {
		switch {
		case t.Terms.Coupon != code:
			since = time.Time{}
		case since.IsZero():
			since = t.From
		}
	}
	if since.IsZero() {
		return 1
	}
	return 12*(period.From.Year()-since.UTC().Year()) + int(period.From.Month()-since.UTC().Month()) + 1
}
