package alert_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/analytics/alert"
)

// The timeline says values in the units of the dashboard.
func TestValuesInWords(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind  alert.MeasureKind
		value float64
		want  string
	}{
		{alert.Trend, 12, "12"},
		{alert.Ratio, 0.07, "7 %"},
		{alert.QuarantineRate, 0.00012, "0.012 %"},
		{alert.QuotaUse, 1.25, "125 %"},
		{alert.Freshness, 64.6, "64.6 seconds"},
		{alert.Freshness, 150, "2.5 minutes"},
		{alert.Freshness, 9000, "2.5 hours"},
	} {
		require.Equal(t, c.want, alert.Measure{Kind: c.kind}.Say(c.value), "%s of %v", c.kind, c.value)
	}
}
