package api

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What is refused in any case is not made objects of.
func TestAttributesAreNotRead(t *testing.T) { //nolint:paralleltest // it counts allocations
	body := []byte(`{"schema":"","metadata":{"properties":[` + strings.Repeat(`{"":{}},`, 10_000) + `1]},"ruleSet":{"domainRules":null}}`)
	var sent registryRequest
	require.Less(t, testing.AllocsPerRun(1, func() { require.NoError(t, json.Unmarshal(body, &sent)) }), 1000.)
	require.Error(t, sent.Metadata.check("metadata"))
	require.NoError(t, sent.RuleSet.check("ruleSet"))
	require.NoError(t, attributes(nil).check("metadata"))
}
