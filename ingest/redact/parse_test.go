package redact_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/redact"
)

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	rule := func(members string) string { return `{"rules":[{"name":"r",` + members + `}]}` }
	var many []string
	for i := range redact.MaxRules + 1 {
		many = append(many, fmt.Sprintf(`{"name":"r%d","key":"x","action":"drop"}`, i))
	}
	var heavy []string
	for i := range 5 {
		heavy = append(heavy, fmt.Sprintf(`{"name":"r%d","key":"(?:.?){900}%d$","action":"drop"}`, i, i))
	}
	for document, says := range map[string]string{
		``:                        "must be a JSON object",
		`[]`:                      "must be a JSON object",
		`{`:                       "must be a JSON object",
		`{}`:                      "has no `rules`",
		`{"rules":{}}`:            "`rules` must be an array",
		`{"rules":[],"rules":[]}`: "`rules` twice",
		`{"rules":[],"more":1}`:   `"more" is not a member`,
		`{"rules":[1]}`:           "rules[0] must be an object",
		`{"rules":[{"key":"x","action":"drop"}]}`:                                                   "rules[0] needs a `name`",
		`{"rules":[{"name":"A b","key":"x","action":"drop"}]}`:                                      "rules[0] needs a `name`",
		`{"rules":[{"name":"a","key":"x","action":"drop"},{"name":"a","key":"y","action":"drop"}]}`: `rules[0] and rules[1] are both named "a"`,
		rule(`"key":"x"`):                                                                       "is not an action",
		rule(`"key":"x","action":"burn"`):                                                       `"burn" is not an action. Use drop`,
		rule(`"action":"drop"`):                                                                 "exactly one of `path`, `key` and `detector`",
		rule(`"key":"x","path":"properties.x","action":"drop"`):                                 "exactly one of",
		rule(`"key":"","action":"drop"`):                                                        "rules[0].key must be a text that is not empty",
		rule(`"key":1,"action":"drop"`):                                                         "rules[0].key must be a text",
		rule(`"key":"x","key":"y","action":"drop"`):                                             "rules[0].key is there twice",
		rule(`"keys":"x","action":"drop"`):                                                      "rules[0].keys is not known",
		rule(`"key":"(","action":"drop"`):                                                       "not a regular expression",
		rule(`"key":"a(?=b)","action":"drop"`):                                                  "not a regular expression",
		rule(`"key":"((a{100}){10}){10}","action":"drop"`):                                      "not a regular expression",
		rule(`"key":"([[:word:]]{200}x?){20}","action":"drop"`):                                 "not a regular expression",
		rule(`"key":"` + strings.Repeat("x", 501) + `","action":"drop"`):                        "at most 500 bytes",
		rule(`"detector":"mail","action":"drop"`):                                               `no detector "mail". There are: email`,
		rule(`"detector":"email","action":"truncate"`):                                          "truncate does not go with the detector email",
		rule(`"detector":"card","action":"generalise"`):                                         "generalise does not go with",
		rule(`"key":"x","action":"drop","keep":2}`[:len(`"key":"x","action":"drop","keep":2`)]): "`keep` belongs to the action mask",
		rule(`"key":"x","action":"mask","keep":9`):                                              "`keep` must lie between 0 and 8",
		rule(`"key":"x","action":"truncate","places":1.5`):                                      "rules[0].places must be a whole number",
		rule(`"key":"x","action":"generalise","width":1`):                                       "`width` must lie between 2 and 1000",
		rule(`"path":"user.email","action":"drop"`):                                             "must begin with properties, context",
		rule(`"path":"properties..x","action":"drop"`):                                          "has an empty name",
		rule(`"path":"user_id.x","action":"drop"`):                                              "which has no members",
		rule(`"path":"properties` + strings.Repeat(".a", 40) + `","action":"drop"`):             "names; 32 are allowed",
		`{"rules":[` + strings.Join(many, ",") + `]}`:                                           "has 201 rules; 200 are allowed",
		`{"rules":[` + strings.Join(heavy, ",") + `]}`:                                          "rules[4] (r4): the `key` patterns up to this one need more than 8000 steps together",
		"{\"rules\":[]," + strings.Repeat(" ", redact.MaxPolicyBytes) + "}":                     "bytes; 262144 are allowed",
	} {
		_, err := redact.Parse([]byte(document))
		require.ErrorIs(t, err, redact.ErrInvalidPolicy, document)
		require.Contains(t, err.Error(), says, document)
	}
}

func TestTheDefaultPolicyIsADocument(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal(redact.Default())
	require.NoError(t, err)
	p, err := redact.Parse(text)
	require.NoError(t, err)
	require.Equal(t, redact.Default(), p)
}

func TestSecretsThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	key := make([]byte, 32)
	for _, s := range []redact.Secrets{nil, {{Version: 1, Key: key[:31]}}, {{Version: 0, Key: key}}, {{Version: 1, Key: key}, {Version: 1, Key: key}}} {
		_, err := redact.Default().Compile(s)
		require.Error(t, err)
	}
}

func TestReveal(t *testing.T) {
	t.Parallel()
	old, err := redact.Policy{Rules: []redact.Rule{{Name: "t", Key: "^x$", Action: "tokenise"}}}.Compile(secrets()[:1])
	require.NoError(t, err)
	out, _ := properties(t, old, `{"x":"Ada Lovelace"}`)
	token := strings.Split(out, `"`)[3]
	again, _ := properties(t, old, `{"x":"Ada Lovelace"}`)
	require.Equal(t, out, again, "the same text gives the same token")
	other, _ := properties(t, old, `{"x":"Ada Lovelacf"}`)
	require.NotEqual(t, out, other)

	rotated := standard(t)
	text, err := rotated.Reveal(token)
	require.NoError(t, err)
	require.Equal(t, "Ada Lovelace", text)

	newest, err := redact.Default().Compile(secrets()[1:])
	require.NoError(t, err)
	_, err = newest.Reveal(token)
	require.ErrorIs(t, err, redact.ErrSecretUnknown)
	changed := "b"
	if strings.HasSuffix(token, changed) {
		changed = "c"
	}
	for _, wrong := range []string{"", "x", token + "a", token[:len(token)-3] + changed + token[len(token)-2:], old.Hash([]byte("x"))[0], "t1_", "t1_" + strings.Repeat("a", 26), " " + token} {
		_, err = rotated.Reveal(wrong)
		require.ErrorIs(t, err, redact.ErrNotAToken, wrong)
	}
}

func FuzzParse(f *testing.F) {
	text, err := json.Marshal(redact.Default())
	require.NoError(f, err)
	f.Add(text)
	f.Add([]byte(`{"rules":[{"name":"a","path":"properties.**.b*c.items[].\\.x","action":"mask","keep":2},{"name":"b","detector":"ip","action":"truncate"}]}`))
	f.Fuzz(func(t *testing.T, document []byte) {
		p, err := redact.Parse(document)
		if err != nil {
			require.ErrorIs(t, err, redact.ErrInvalidPolicy)
			return
		}
		_, err = p.Compile(secrets())
		require.NoError(t, err)
		again, err := json.Marshal(p)
		require.NoError(t, err)
		q, err := redact.Parse(again)
		require.NoError(t, err)
		require.Equal(t, p, q)
	})
}

// What is set aside may be any bytes. Whatever they are, redacting them ends, and again changes nothing.
func FuzzRejected(f *testing.F) {
	for _, raw := range []string{`{"event":"x","properties":{"password":"p","e":"ada@example.com"}}`, `{"a":"b`, `{"a":{"b":[1,"x",{"c":`, "\xff\x00", `{"ada@example.com":1}`, `"4111111111111111"`} {
		f.Add([]byte(raw), uint8(0))
		f.Add([]byte(raw), uint8(2))
	}
	r := standard(f)
	f.Fuzz(func(t *testing.T, raw []byte, format uint8) {
		item := ingest.Item{Raw: raw, Format: ingest.Format(format % 4), Rejection: &ingest.Rejection{Message: "m"}}
		r.Rejected(&item)
		once := string(item.Raw)
		r.Rejected(&item)
		require.Equal(t, once, string(item.Raw))
	})
}
