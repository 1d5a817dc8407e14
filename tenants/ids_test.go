package tenants_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/tenants"
)

func TestIDs(t *testing.T) {
	t.Parallel()
	type row struct {
		Tenant tenants.ID       `json:"tenant"`
		Source tenants.SourceID `json:"source,omitzero"`
	}
	in := row{Tenant: tenants.NewID()}
	text, err := json.Marshal(in)
	require.NoError(t, err)
	require.JSONEq(t, `{"tenant":"`+in.Tenant.String()+`"}`, string(text))
	var out row
	require.NoError(t, json.Unmarshal(text, &out))
	require.Equal(t, in, out)
	require.True(t, out.Source.IsZero())

	for _, bad := range []string{
		"", "x", "01983f5e7c1a7b5e9d560f2f1a6e4c11", "{01983f5e-7c1a-7b5e-9d56-0f2f1a6e4c11}", "urn:uuid:01983f5e-7c1a-7b5e-9d56-0f2f1a6e4c11",
		"01983f5e-7c1a-7b5e-9d56-0f2f1a6e4c1g", "01983f5e-7c1a-7b5e-9d56-0f2f1a6e4c111",
	} {
		_, err := tenants.ParseKeyID(bad)
		require.ErrorIs(t, err, tenants.ErrIDMalformed, bad)
	}
	require.Error(t, json.Unmarshal([]byte(`{"tenant":"x"}`), &out))
}
