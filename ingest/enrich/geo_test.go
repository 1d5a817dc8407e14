package enrich_test

import (
	"bytes"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/enrich"
)

// writeGeo writes a database that has City's fields: networks with country, region and city.
func writeGeo(t testing.TB, path string, networks map[string][3]string) {
	t.Helper()
	tree, err := mmdbwriter.New(mmdbwriter.Options{DatabaseType: "GeoLite2-City", IncludeReservedNetworks: true})
	require.NoError(t, err)
	names := func(english string) mmdbtype.Map {
		return mmdbtype.Map{"names": mmdbtype.Map{"en": mmdbtype.String(english), "de": mmdbtype.String("auf Deutsch")}}
	}
	for network, place := range networks {
		_, parsed, err := net.ParseCIDR(network)
		require.NoError(t, err)
		record := mmdbtype.Map{
			"country":  mmdbtype.Map{"iso_code": mmdbtype.String(place[0]), "geoname_id": mmdbtype.Uint32(7)},
			"location": mmdbtype.Map{"latitude": mmdbtype.Float64(50.9)},
		}
		if place[1] != "" {
			record["subdivisions"] = mmdbtype.Slice{names(place[1])}
		}
		if place[2] != "" {
			record["city"] = names(place[2])
		}
		require.NoError(t, tree.Insert(parsed, record))
	}
	var out bytes.Buffer
	_, err = tree.WriteTo(&out)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path+".new", out.Bytes(), 0o600))
	require.NoError(t, os.Rename(path+".new", path))
}

// geoPath is where a test's database lies: one that knows Cologne, Iceland and a network of IPv6.
func geoPath(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "city.mmdb")
	writeGeo(t, path, map[string][3]string{
		"203.0.113.0/24":  {"DE", "North Rhine-Westphalia", "Cologne"},
		"198.51.100.0/24": {"IS", "", ""},
		"2001:db8::/32":   {"GB", "England", "London"},
	})
	return path
}

func openGeo(t testing.TB, path string) *enrich.Geo {
	t.Helper()
	geo, err := enrich.OpenGeo(path)
	require.NoError(t, err)
	return geo
}

func TestGeo(t *testing.T) {
	t.Parallel()
	e := enrich.Default().Compile(enrich.Resources{Geo: openGeo(t, geoPath(t))})
	cologne := map[string]any{"country": "DE", "region": "North Rhine-Westphalia", "city": "Cologne"}
	for range 2 { // the second time from memory
		for _, c := range []struct {
			name, connection, sent string
			browser                bool
			want                   map[string]any
		}{
			{"a browser", "203.0.113.9", "", true, cologne},
			{"a browser, by IPv4 in IPv6", "::ffff:203.0.113.9", "", true, cologne},
			{"a browser that claims to be elsewhere", "203.0.113.9", "198.51.100.1", true, cologne},
			{"a server that speaks for a visitor", "198.51.100.1", "203.0.113.9", false, cologne},
			{"a server that speaks for a visitor whose address was cut", "198.51.100.1", "203.0.113.0", false, cologne},
			{"a server that speaks for a visitor's network", "198.51.100.1", "203.0.113.0/24", false, cologne},
			{"a server for itself", "203.0.113.9", "", false, map[string]any{}},
			{"IPv6", "", "2001:db8::", false, map[string]any{"country": "GB", "region": "England", "city": "London"}},
			{"a country only", "", "198.51.100.1", false, map[string]any{"country": "IS"}},
			{"an unknown network", "", "192.0.2.1", false, map[string]any{}},
			{"no address", "", "somewhere", false, map[string]any{}},
			{"an address that is masked", "", "203.0.113.***", false, map[string]any{}},
		} {
			in := input(t, `{"ip":"`+c.sent+`"}`, `{}`)
			in.Client = &ingest.Client{Browser: c.browser}
			if c.connection != "" {
				in.Client.Address = netip.MustParseAddr(c.connection)
			}
			e.Apply(in, nil)
			require.Equal(t, c.want, facts(t, in.Event), c.name)
		}
	}
}

func TestGeoThatCannotBeRead(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "city.mmdb")
	_, err := enrich.OpenGeo(path)
	require.EqualError(t, err, "read "+path+": no such file or directory")
	require.NoError(t, os.WriteFile(path, []byte("not a database"), 0o600))
	_, err = enrich.OpenGeo(path)
	require.ErrorContains(t, err, "read "+path+": it is not a MaxMind DB")
}

func country(t testing.TB, geo *enrich.Geo) any {
	t.Helper()
	in := input(t, `{"ip":"203.0.113.9"}`, `{}`)
	enrich.Default().Compile(enrich.Resources{Geo: geo}).Apply(in, nil)
	return facts(t, in.Event)["country"]
}

func TestGeoIsReadAgainWhenItChanges(t *testing.T) {
	t.Parallel()
	path := geoPath(t)
	geo := openGeo(t, path)
	changed, err := geo.Refresh()
	require.NoError(t, err)
	require.False(t, changed)

	writeGeo(t, path, map[string][3]string{"203.0.113.0/24": {"FR", "", ""}})
	changed, err = geo.Refresh()
	require.NoError(t, err)
	require.True(t, changed)
	require.Equal(t, "FR", country(t, geo))

	require.NoError(t, os.WriteFile(path, []byte("half a file"), 0o600))
	_, err = geo.Refresh()
	require.Error(t, err)
	require.Equal(t, "FR", country(t, geo), "a damaged file changes nothing")
	require.NoError(t, os.Remove(path))
	_, err = geo.Refresh()
	require.Error(t, err)
	require.Equal(t, "FR", country(t, geo), "nor does one that is gone")
}
