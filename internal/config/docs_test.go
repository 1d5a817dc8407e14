package config_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/config"
)

// The table of settings in docs/operating.md is written from the same declarations as the flags.
func TestOperatingGuideListsEverySetting(t *testing.T) {
	t.Parallel()
	var table strings.Builder
	table.WriteString("| variable | default | allowed | purpose |\n|---|---|---|---|\n")
	for _, s := range config.Settings() {
		def := s.Default
		if def != "" {
			def = "`" + def + "`"
		}
		fmt.Fprintf(&table, "| `%s` | %s | %s | %s |\n", s.Variable(), def, s.Allowed, s.Purpose)
	}
	guide, err := os.ReadFile("../../docs/operating.md")
	require.NoError(t, err)
	require.Contains(t, string(guide), table.String(), "put this table into docs/operating.md")
}
