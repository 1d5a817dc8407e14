package billingstripe

import (
	"slices"
	"strings"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/internal/fault"
)

// ErrNotCollectable is returned for an amount that Stripe cannot express.
var ErrNotCollectable = fault.New(fault.Invalid, "amount_not_collectable", "The payment provider cannot collect an amount of this currency as fine as this.")

// digits is how many digits of an amount stand behind the point at Stripe, which is not always what ISO 4217 says:
// https://docs.stripe.com/currencies
func digits(c billing.Currency) int {
	switch {
	case slices.Contains([]billing.Currency{"BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"}, c):
		return 0
	case slices.Contains([]billing.Currency{"BHD", "JOD", "KWD", "OMR", "TND"}, c):
		return 3
	}
	return 2
}

// toStripe is an amount as Stripe has it. Of currencies with three digits it takes whole tens only.
func toStripe(a billing.Amount, c billing.Currency) (int64, error) {
	n := int64(a)
	for range max(0, digits(c)-c.Digits()) {
		n *= 10
	}
	for range max(0, c.Digits()-digits(c)) {
		if n%10 != 0 {
			return 0, ErrNotCollectable
		}
		n /= 10
	}
	if digits(c) == 3 && n%10 != 0 {
		return 0, ErrNotCollectable
	}
	return n, nil
}

// fromStripe is an amount as we have it.
func fromStripe(n int64, c billing.Currency) billing.Amount {
	for range max(0, digits(c)-c.Digits()) {
		n /= 10
	}
	for range max(0, c.Digits()-digits(c)) {
		n *= 10
	}
	return billing.Amount(n)
}

func lower(c billing.Currency) string { return strings.ToLower(string(c)) }
