package ch_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/ch"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/migrations"
)

// TestStepsBearRepeating is what a server does that was ended after the last statement of a step and before it was noted as done.
func TestStepsBearRepeating(t *testing.T) {
	t.Parallel()
	url := testkit.ClickHouse(t)
	require.NoError(t, open(t, url).Exec(t.Context(), "TRUNCATE TABLE goose_db_version"))
	require.NoError(t, ch.Migrate(t.Context(), url, migrations.ClickHouse()))
}
