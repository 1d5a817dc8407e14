package redact_test

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/doc"
	"github.com/observatory/observatory/ingest/redact"
)

// fragments are pieces that texts are put together from so that detectors meet them in all neighbourhoods.
func fragments() *rapid.Generator[string] {
	return rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
		"ada@example.com", "bob%40example.org", "4111 1111 1111 1111", "4111111111111111", "DE89370400440532013000", "203.0.113.77", "2001:db8:85a3::8a2e:370:7334",
		"+49 30 901820", "(212) 555-0147", "219-09-9999", "12345678Z", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "AKIAQ7RTB4XK2MWZ5HNC", "Bearer 2YotnFZFEjr1zCsicMWpAA",
		"password=hunter2", "?token=abcdef123456&", "https://ada:pw@x.example/", "{\"password\":\"x\",\"e\":\"a@example.com\"}", "{\"a\":[", "\\u0040", "\\\"", "%25", "%40", "%", "\\", "\"",
		"52.520008,13.404954", "h1_abcdefghijklmnopqrstuvwxyz", " ", ",", ":", "=", "&", "@", ".", "-", "+", "/", "1", "x", "30-39", "1985-03-17", "[redacted]", "***@",
	}))
}

func texts() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string { return strings.Join(rapid.SliceOfN(fragments(), 0, 6).Draw(t, "pieces"), "") })
}

func policies() *rapid.Generator[redact.Policy] {
	return rapid.Custom(func(t *rapid.T) redact.Policy {
		var p redact.Policy
		for i := range rapid.IntRange(0, 8).Draw(t, "rules") {
			r := redact.Rule{Name: "r" + strconv.Itoa(i)}
			actions := []string{"allow", "drop", "mask", "hash", "tokenise"}
			switch rapid.IntRange(0, 2).Draw(t, "matcher") {
			case 0:
				d := rapid.SampledFrom(redact.Detectors()).Draw(t, "detector")
				r.Detector, actions = d.Name, nil
				for _, a := range d.Actions {
					actions = append(actions, string(a))
				}
			case 1:
				r.Path = rapid.SampledFrom([]string{"properties.a", "properties.*.b", "context.**.c", "**.d[]", "user_id", "properties.a*.**"}).Draw(t, "path")
				actions = append(actions, "truncate", "generalise")
			default:
				r.Key = rapid.SampledFrom([]string{"^a$", "(?i)pass", "b|c", "token$"}).Draw(t, "key")
				actions = append(actions, "truncate", "generalise")
			}
			r.Action = redact.Action(rapid.SampledFrom(actions).Draw(t, "action"))
			p.Rules = append(p.Rules, r)
		}
		return p
	})
}

func documents() *rapid.Generator[map[string]any] {
	names := rapid.OneOf(rapid.SampledFrom([]string{"a", "b", "c", "d", "password", "app_version"}), texts())
	scalars := rapid.OneOf(texts().AsAny(), rapid.Int64().AsAny(), rapid.Float64().AsAny(), rapid.Bool().AsAny(), rapid.Just[any](nil), rapid.Just[any](4111111111111111))
	return rapid.Custom(func(t *rapid.T) map[string]any {
		flat := rapid.MapOfN(names, scalars, 0, 4)
		return rapid.MapOfN(names, rapid.OneOf(scalars, flat.AsAny(), rapid.SliceOfN(scalars, 0, 3).AsAny(), rapid.SliceOfN(flat, 0, 2).AsAny()), 0, 5).Draw(t, "document")
	})
}

// Redacting what was redacted changes nothing: a mask is not found again, a pseudonym is not hashed again.
func TestApplyingTwiceEqualsOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := redact.Default()
		if rapid.Bool().Draw(t, "own policy") {
			p = policies().Draw(t, "policy")
		}
		r, err := p.Compile(secrets())
		require.NoError(t, err)
		e := ingest.Event{
			Name: []byte(texts().Draw(t, "name")), ID: []byte(texts().Draw(t, "id")), UserID: []byte(texts().Draw(t, "user")),
		}
		text, err := json.Marshal(documents().Draw(t, "properties"))
		require.NoError(t, err)
		var d doc.Doc
		n, err := d.Parse(text)
		require.NoError(t, err)
		r.Event(&e, n, nil)
		once, name, id, user := string(n.Append(nil)), string(e.Name), string(e.ID), string(e.UserID)
		require.True(t, json.Valid([]byte(once)), once)

		n, err = d.Parse([]byte(once))
		require.NoError(t, err)
		r.Event(&e, n, nil)
		require.Equal(t, once, string(n.Append(nil)), "from %s", text)
		require.Equal(t, []string{name, id, user}, []string{string(e.Name), string(e.ID), string(e.UserID)})
	})
}

// Rejected events are redacted to documents again, or to the structure of one, and twice equals once.
func TestRejectedTwiceEqualsOnce(t *testing.T) {
	t.Parallel()
	r := standard(t)
	rapid.Check(t, func(t *rapid.T) {
		text, err := json.Marshal(map[string]any{"event": texts().Draw(t, "event"), "userId": texts().Draw(t, "user"), "properties": documents().Draw(t, "properties"), "odd": texts().Draw(t, "odd")})
		require.NoError(t, err)
		text = text[:rapid.IntRange(len(text)/2, len(text)).Draw(t, "cut")]
		item := ingest.Item{Raw: text, Format: rapid.SampledFrom([]ingest.Format{ingest.FormatNative, ingest.FormatSegment, ingest.FormatText}).Draw(t, "format"), Rejection: &ingest.Rejection{}}
		r.Rejected(&item)
		once := string(item.Raw)
		r.Rejected(&item)
		require.Equal(t, once, string(item.Raw))
	})
}

func surroundings() *rapid.Generator[string] {
	return rapid.StringMatching(`([a-zA-Z]{0,8}[ ,;:"'()<>|!?\n]){0,4}`)
}

func luhnDigit(digits string) string {
	sum := 0
	for i := range digits {
		v := int(digits[len(digits)-1-i] - '0')
		if i%2 == 0 {
			v = v*2/10 + v*2%10
		}
		sum += v
	}
	return strconv.Itoa((10 - sum%10) % 10)
}

func TestValidCardsAreAlwaysFound(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		issuer := rapid.SampledFrom([]struct {
			prefix string
			length int
		}{{"4", 16}, {"4", 19}, {"53", 16}, {"2223", 16}, {"34", 15}, {"37", 15}, {"36", 14}, {"6011", 16}, {"3530", 16}, {"62", 18}}).Draw(t, "issuer")
		digits := issuer.prefix + rapid.StringMatching(`[0-9]{19}`).Draw(t, "digits")[:issuer.length-1-len(issuer.prefix)]
		check := luhnDigit(digits)
		before, after := surroundings().Draw(t, "before"), rapid.StringMatching(`([ ,;:"'()<>|!?\n][a-zA-Z]{0,8}){0,4}`).Draw(t, "after")
		number := digits + check
		separator := rapid.SampledFrom([]string{"", " ", "-", ".", "%20", "\u00a0"}).Draw(t, "separator")
		if separator != "" && issuer.length == 16 {
			number = number[:4] + separator + number[4:8] + separator + number[8:12] + separator + number[12:]
		}
		found := redact.Found("card", before+number+after)
		require.Equal(t, [][2]int{{len(before), len(before) + len(number)}}, found)

		wrong := digits + strconv.Itoa((int(check[0]-'0')+rapid.IntRange(1, 9).Draw(t, "off"))%10)
		require.Empty(t, redact.Found("card", before+wrong+after))
	})
}

func TestValidIBANsAreAlwaysFound(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		country := rapid.SampledFrom([]struct{ code, form string }{
			{"DE", `[0-9]{18}`}, {"GB", `[A-Z]{4}[0-9]{14}`}, {"NL", `[A-Z]{4}[0-9]{10}`}, {"FR", `[0-9]{10}[A-Z0-9]{11}[0-9]{2}`}, {"NO", `[0-9]{11}`}, {"MT", `[A-Z]{4}[0-9]{5}[A-Z0-9]{18}`},
		}).Draw(t, "country")
		account := rapid.StringMatching(country.form).Draw(t, "account")
		check := ibanCheck(country.code, account)
		number := func(check int) string {
			s := strconv.Itoa(check)
			return country.code + strings.Repeat("0", 2-len(s)) + s + account
		}
		before, after := surroundings().Draw(t, "before"), rapid.StringMatching(`([ ,;:"'()<>|!?\n][a-zA-Z]{0,8}){0,4}`).Draw(t, "after")
		text := number(check)
		if rapid.Bool().Draw(t, "in groups") {
			text = grouped(text)
		}
		require.Equal(t, [][2]int{{len(before), len(before) + len(text)}}, redact.Found("iban", before+text+after))
		wrong := (check + rapid.IntRange(1, 96).Draw(t, "off")) % 97
		require.Empty(t, redact.Found("iban", before+number(wrong)+after))
	})
}

// ibanCheck computes check digits as ISO 13616 says, with the number written out.
func ibanCheck(country, account string) int {
	rest := 0
	for _, c := range account + country + "00" {
		text := strings.ToUpper(string(c))
		if c >= 'A' {
			text = strconv.Itoa(int(c-'A') + 10)
		}
		for _, d := range text {
			rest = (rest*10 + int(d-'0')) % 97
		}
	}
	return 98 - rest
}

func grouped(s string) string {
	var groups []string
	for len(s) > 4 {
		groups, s = append(groups, s[:4]), s[4:]
	}
	return strings.Join(append(groups, s), " ")
}

// What must never be taken for personal data: identifiers, times, hashes, versions.
func TestNoFalseAlarms(t *testing.T) {
	t.Parallel()
	r := standard(t)
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SampledFrom([]string{
			`[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`, `1[67][0-9]{11}`, `20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]\.[0-9]{3}Z`,
			`[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}`, `[0-9]{1,12}`, `ORD-[0-9]{6,10}`, `0\.[0-9]{10,18}`, `[a-z]{1,12}(_[a-z]{1,12}){0,3}`, `[A-Z]{2,4}-[0-9]{4}-[A-Z]{2}`,
		}).Draw(t, "form")
		value := rapid.StringMatching(text).Draw(t, "value")
		in, err := json.Marshal(map[string]any{"value": value})
		require.NoError(t, err)
		out, rules := properties(t, r, string(in))
		require.JSONEq(t, string(in), out)
		require.Empty(t, rules)
	})
}
