package tenants_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/tenants"
)

func TestParseEmail(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]tenants.Email{
		" Ada@Example.COM ":      {Address: "Ada@Example.COM", Key: "ada@example.com"},
		"a.b+tag@example.com":    {Address: "a.b+tag@example.com", Key: "a.b+tag@example.com"},
		"me@localhost":           {Address: "me@localhost", Key: "me@localhost"},
		"GRÜN@BÜCHER.example":    {Address: "GRÜN@BÜCHER.example", Key: "grün@xn--bcher-kva.example"},
		"gru\u0308n@example.com": {Address: "gr\u00fcn@example.com", Key: "gr\u00fcn@example.com"}, // composed and decomposed
		"STRASSE@example.com":    {Address: "STRASSE@example.com", Key: "strasse@example.com"},
		"straße@example.com":     {Address: "straße@example.com", Key: "strasse@example.com"},
		"δΣς@example.com":        {Address: "δΣς@example.com", Key: "δσσ@example.com"},
	} {
		got, err := tenants.ParseEmail(in)
		require.NoError(t, err, in)
		require.Equal(t, want, got)
	}
	for _, bad := range []string{
		"", "ada", "@example.com", "ada@", "ada@@example.com", "a@b@example.com", "Ada <ada@example.com>", "<ada@example.com>",
		`"ada"@example.com`, `"a b"@example.com`, "a b@example.com", "ada@exam ple.com", "ada@[127.0.0.1]", "ada@example..com",
		"ada@example.com\r\nBcc: eve@example.com", "ada\x00@example.com", "ada@example.com,eve@example.com", "ada(comment)@example.com",
		".ada@example.com", "ada.@example.com", "a..b@example.com", "ada@-example.com", "\xff@example.com",
		strings.Repeat("a", 65) + "@example.com", "a@" + strings.Repeat("a.", 130) + "com",
	} {
		got, err := tenants.ParseEmail(bad)
		require.ErrorIs(t, err, tenants.ErrEmailInvalid, "%q became %+v", bad, got)
	}
}

// FuzzParseEmail looks for addresses that would break out of a mail header, and for keys that are not stable.
func FuzzParseEmail(f *testing.F) {
	f.Add("Ada@Example.com")
	f.Add("grün@bücher.example")
	f.Add("a@b\r\nX: y")
	f.Fuzz(func(t *testing.T, s string) {
		e, err := tenants.ParseEmail(s)
		if err != nil {
			return
		}
		if strings.ContainsAny(e.Address, "\r\n\x00<>\", ") || strings.Count(e.Address, "@") != 1 {
			t.Fatalf("%q became %q", s, e.Address)
		}
		if again, err := tenants.ParseEmail(e.Address); err != nil || again != e {
			t.Fatalf("%q became %+v and then %+v, %v", s, e, again, err)
		}
		if byKey, err := tenants.ParseEmail(e.Key); err == nil && byKey.Key != e.Key {
			t.Fatalf("the key of %q is %q, and the key of that is %q", s, e.Key, byKey.Key)
		}
	})
}
