package tenants_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/tenants"
)

func TestAllowsOrigin(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		origins string
		origin  string
		want    bool
	}{
		{"*", "https://anything.example", true},
		{"*", "null", true},
		{"*", "", false}, // no header, no question
		{"", "https://example.com", false},
		{"https://example.com", "https://example.com", true},
		{"https://example.com", "https://EXAMPLE.com", true},
		{"https://example.com", "http://example.com", false},
		{"https://example.com", "https://example.com:8443", false},
		{"https://example.com", "https://example.com.evil.example", false},
		{"https://example.com", "https://www.example.com", false},
		{"https://example.com", "null", false},
		{"http://localhost:3000", "http://localhost:3000", true},
		{"http://localhost:3000", "http://localhost:3001", false},
		{"capacitor://localhost", "capacitor://localhost", true},
		{"https://*.example.com", "https://a.example.com", true},
		{"https://*.example.com", "https://a.b.example.com", true},
		{"https://*.example.com", "https://A.Example.COM", true},
		{"https://*.example.com", "https://example.com", false},
		{"https://*.example.com", "https://.example.com", false},
		{"https://*.example.com", "https://a..example.com", false},
		{"https://*.example.com", "https://evilexample.com", false},
		{"https://*.example.com", "http://a.example.com", false},
		{"https://*.example.com", "https://a.example.com:8443", false},
		{"https://*.example.com", "https://a.example.com.evil.example", false},
		{"https://*.example.com", "https://evil.example/.example.com", false},
		{"https://*.example.com", "https://evil.example?.example.com", false},
		{"https://*.example.com", "https://evil.example#.example.com", false},
		{"https://*.example.com", "https://user@.example.com", false},
		{"https://*.example.com", "https://evil.example:1.example.com", false},
		{"https://*.example.com:8443", "https://a.example.com:8443", true},
		{"https://*.example.com:8443", "https://a.example.com", false},
		{"https://a.example https://b.example", "https://b.example", true},
		{"https://a.example https://b.example", "https://c.example", false},
	} {
		k := tenants.APIKey{Kind: tenants.Publishable, Origins: strings.Fields(c.origins)}
		require.Equal(t, c.want, k.AllowsOrigin(c.origin), "%q of %q", c.origin, c.origins)
	}
}

func TestCleanOrigins(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"*":                             "*",
		" https://example.com/ ":        "https://example.com",
		"HTTPS://Example.COM":           "https://example.com",
		"https://example.com:443":       "https://example.com",
		"http://example.com:80":         "http://example.com",
		"http://example.com:443":        "http://example.com:443",
		"https://bücher.example":        "https://xn--bcher-kva.example",
		"https://*.Example.com:443":     "https://*.example.com",
		"http://*.localhost:3000":       "http://*.localhost:3000",
		"http://127.0.0.1:8080":         "http://127.0.0.1:8080",
		"http://[::1]:8080":             "http://[::1]:8080",
		"capacitor://localhost":         "capacitor://localhost",
		"chrome-extension://abcdefghij": "chrome-extension://abcdefghij",
	} {
		got, err := tenants.CleanOrigin(in)
		require.NoError(t, err, in)
		require.Equal(t, want, got)
	}
	for _, bad := range []string{
		"", "example.com", "https://", "https:example.com", "//example.com", "https://example.com/path", "https://example.com?q", "https://example.com?",
		"https://example.com#f", "https://user@example.com", "https://user:pw@example.com", "https://example.com:", "https://exa mple.com",
		"https://*", "https://*.com", "https://*.co.uk", "https://*.github.io", "https://a.*.example.com", "https://**.example.com",
		"https://*.*.example.com", "https://*example.com", "capacitor://*.localhost", "http://*.0.0.1", "http://*.[::1]", "null",
		"https://" + strings.Repeat("a", 255) + ".example",
	} {
		got, err := tenants.CleanOrigin(bad)
		require.ErrorIs(t, err, tenants.ErrOriginInvalid, "%q became %q", bad, got)
	}
}

// FuzzOrigin looks for an origin that a wildcard lets through although a browser would not take it for a host below the
// wildcard's, and for patterns that change when they are cleaned twice.
func FuzzOrigin(f *testing.F) {
	f.Add("https://*.example.com", "https://a.example.com")
	f.Add("https://*.example.com:8443", "https://evil.example:1.example.com:8443")
	f.Add("http://[::1]:3000", "http://[::1]:3000")
	f.Add("https://bücher.example", "https://xn--bcher-kva.example")
	f.Fuzz(func(t *testing.T, pattern, origin string) {
		clean, err := tenants.CleanOrigin(pattern)
		if err != nil {
			return
		}
		again, err := tenants.CleanOrigin(clean)
		if err != nil || again != clean {
			t.Fatalf("%q is cleaned to %q and then to %q, %v", pattern, clean, again, err)
		}
		k := tenants.APIKey{Origins: []string{clean}}
		if !k.AllowsOrigin(origin) || clean == tenants.AnyOrigin || strings.EqualFold(clean, origin) {
			return
		}
		u, err := url.Parse(origin)
		if err != nil {
			t.Fatalf("%q lets %q through, which is no URL", clean, origin)
		}
		scheme, base, _ := strings.Cut(clean, "://*.")
		if u.Scheme != scheme || u.User != nil || u.Path != "" || u.RawQuery != "" || u.Fragment != "" || !strings.HasSuffix(strings.ToLower(u.Host), "."+base) {
			t.Fatalf("%q lets %q through", clean, origin)
		}
	})
}
