package invoicing

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/observatory/observatory/billing"
)

// WriteCSV writes the lines of an invoice (RFC 4180): a row for each, below a row of names, and at last the total. Amounts are in the main unit of
// the currency, with its digits.
func WriteCSV(w io.Writer, d billing.Invoice) error {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	rows := [][]string{{"number", "kind", "month", "text", "plan", "meter", "from", "to", "quantity", "tier", "unit", "amount", "currency"}}
	for _, l := range d.Lines {
		rows = append(rows, []string{
			d.Number, string(l.Kind), l.For.String(), plain(l.Text), l.Plan, string(l.Meter), l.From.Format(time.RFC3339), l.To.Format(time.RFC3339),
			strconv.FormatInt(l.Quantity, 10), l.Tier, l.Unit, decimal(l.Amount, d.Currency), string(d.Currency),
		})
	}
	rows = append(rows, []string{
		d.Number, "total", d.Period.String(), "", "", "", d.Period.From.Format(time.RFC3339), d.Period.To.Format(time.RFC3339), "", "", "",
		decimal(d.Total, d.Currency), string(d.Currency),
	})
	return out.WriteAll(rows)
}

func decimal(a billing.Amount, c billing.Currency) string {
	_, number, _ := strings.Cut(a.Format(c), " ")
	return number
}

// plain keeps a spreadsheet from taking a text for a formula.
func plain(text string) string {
	if strings.HasPrefix(text, "=") || strings.HasPrefix(text, "+") || strings.HasPrefix(text, "-") || strings.HasPrefix(text, "@") {
		return "'" + text
	}
	return text
}
