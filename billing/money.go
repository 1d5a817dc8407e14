package billing

import (
	"fmt"
	"math"
	"math/big"
	"strings"

	"golang.org/x/text/currency"

	"github.com/observatory/observatory/internal/fault"
)

// Currency is a code of ISO 4217, in capitals.
type Currency string

// ErrCurrencyUnknown is returned for a text that is no currency.
var ErrCurrencyUnknown = fault.New(fault.Invalid, "currency_unknown", "The currency must be a code of ISO 4217, such as USD, EUR or JPY.")

// ParseCurrency reads a currency, or returns ErrCurrencyUnknown.
func ParseCurrency(s string) (Currency, error) {
	unit, err := currency.ParseISO(s)
	if err != nil {
		return "", ErrCurrencyUnknown
	}
	return Currency(unit.String()), nil
}

// Digits is how many digits of an amount stand behind the point: 2 of USD, 0 of JPY, 3 of KWD.
func (c Currency) Digits() int {
	unit, err := currency.ParseISO(string(c))
	if err != nil {
		return 2
	}
	digits, _ := currency.Standard.Rounding(unit)
	return digits
}

// Amount is an amount of money in the minor unit of its currency: cents of USD, yen of JPY. Below 0: it is owed to the tenant.
type Amount int64

// Format writes an amount with its currency, as in "USD 12.30".
func (a Amount) Format(c Currency) string {
	digits := c.Digits()
	text := fmt.Sprintf("%0*d", digits+1, new(big.Int).Abs(big.NewInt(int64(a))))
	if digits > 0 {
		text = text[:len(text)-digits] + "." + text[len(text)-digits:]
	}
	if a < 0 {
		text = "-" + text
	}
	return strings.Join([]string{string(c), text}, " ")
}

// Share is amount*part/whole, rounded half away from zero. It is the only place where money is rounded. whole must be positive. What does not
// fit is as much as fits.
func Share(amount Amount, part, whole int64) Amount {
	n := new(big.Int).Mul(big.NewInt(int64(amount)), big.NewInt(part))
	sign := int64(n.Sign())
	n.Abs(n).Mul(n, big.NewInt(2)).Add(n, big.NewInt(whole))
	n.Quo(n, new(big.Int).Mul(big.NewInt(2), big.NewInt(whole)))
	if !n.IsInt64() {
		return Amount(sign * math.MaxInt64)
	}
	return Amount(sign * n.Int64())
}
