package plan_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/billing/plan"
)

func TestTheProgramComesWithPlans(t *testing.T) {
	t.Parallel()
	c, err := plan.Default()
	require.NoError(t, err)
	require.Equal(t, billing.Currency("USD"), c.Currency())
	growth, err := c.Plan(1, "growth")
	require.NoError(t, err)
	require.Equal(t, int64(300*24_000_000_000), growth.Prices[billing.Storage].Included)
}
