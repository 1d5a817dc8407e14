package cost

import (
	"cmp"
	"slices"

	"github.com/observatory/observatory/billing"
)

// sums adds up the accounts by plan.
func sums(accounts []Account) []PlanSum {
	byKey := map[string]*PlanSum{}
	for _, a := range accounts {
		sum, ok := byKey[a.Plan.Key]
		if !ok {
			sum = &PlanSum{Plan: a.Plan, Charged: map[billing.Currency]billing.Amount{}}
			byKey[a.Plan.Key] = sum
		}
		if a.Plan.Catalogue > sum.Plan.Catalogue {
			sum.Plan = a.Plan
		}
		sum.Tenants++
		sum.Charged[a.Terms.Currency] += a.Charged
		sum.Cost += a.Cost.Amount
		if a.Margin == nil {
			sum.Without++
		} else {
			sum.Margin += *a.Margin
		}
	}
	all := make([]PlanSum, 0, len(byKey))
	for _, sum := range byKey {
		all = append(all, *sum)
	}
	slices.SortFunc(all, func(a, b PlanSum) int {
		return cmp.Or(cmp.Compare(a.Plan.Rank, b.Plan.Rank), cmp.Compare(a.Plan.Key, b.Plan.Key))
	})
	return all
}
