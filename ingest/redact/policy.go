package redact

import (
	"regexp"
	"sync"
)

// Policy is what a tenant declares: rules in order of precedence.
//
// A value belongs to the first rule whose path or key matches it. A detector takes the part of a text that it finds; where two
// detectors find the same part the first rule has it. A detector that stands before the path or key rule of a value takes the
// value only if it finds the whole of it; in texts, values of names that a key rule matches go before what detectors find.
type Policy struct {
	Rules []Rule `json:"rules"`
}

// Rule says what to do with the values that it matches. Exactly one of Path, Key and Detector is set.
type Rule struct {
	Name     string `json:"name"`               // unique; small letters, digits, - and _; at most 64
	Path     string `json:"path,omitempty"`     // glob over the path of a value, as in properties.user.*.phone
	Key      string `json:"key,omitempty"`      // regular expression (RE2) that matches the name of a value
	Detector string `json:"detector,omitempty"` // name of a detector, see Detectors
	Action   Action `json:"action"`
	Keep     *int   `json:"keep,omitempty"`   // mask: how many of the last characters stay, 0 to 8; 4 without
	Places   *int   `json:"places,omitempty"` // truncate: decimal places that stay, 0 to 6; 2 without
	Width    *int   `json:"width,omitempty"`  // generalise: width of a band, 2 to 1000; 10 without
}

// Action is what becomes of a value.
type Action string

// The actions.
const (
	allow      Action = "allow"      // it stays, and no detector looks at it
	drop       Action = "drop"       // it is taken out
	mask       Action = "mask"       // stars, but for the last characters; of an e-mail address the domain stays
	hash       Action = "hash"       // a pseudonym: HMAC-SHA-256 under the tenant's secret
	truncate   Action = "truncate"   // an IP address to its network, a number to some decimal places
	generalise Action = "generalise" // an age to a band, a date to its year
	tokenise   Action = "tokenise"   // encrypted under the tenant's secret; Reveal undoes it
)

func actions() []Action { return []Action{allow, drop, mask, hash, truncate, generalise, tokenise} }

const (
	defaultKeep   = 4
	defaultPlaces = 2
	defaultWidth  = 10
)

// credentialNames matches the names that credentials usually go by, and not those that speak about them: token, accessToken and
// api-key, yet not token_count.
const credentialNames = `(?i)((passw(or)?d|passwort|passwd|pwd|passphrase|passcode)([_-]?(hash|confirm(ation)?|repeat|again|old|new|[0-9]))?` +
	`|(secret|api|access|private|signing|encryption)[_-]?key([_-]?id)?|secret|token|jwt|bearer|credentials?|connection[_-]?string` +
	`|(^|[_-])(auth(ori[sz]ation)?|cookies?|set[_-]?cookie|cvv2?|cvc2?|csc|pin|otp|totp|mfa[_-]?code))$`

// Default is the policy of tenants that have declared none: credentials are dropped, e-mail addresses and card numbers masked,
// IP addresses truncated.
func Default() Policy {
	return Policy{Rules: []Rule{
		{Name: "credentials", Key: credentialNames, Action: drop},
		{Name: "bearer-tokens", Detector: "bearer", Action: drop},
		{Name: "jwts", Detector: "jwt", Action: drop},
		{Name: "api-keys", Detector: "api_key", Action: drop},
		{Name: "emails", Detector: "email", Action: mask},
		{Name: "cards", Detector: "card", Action: mask},
		{Name: "ip-addresses", Detector: "ip", Action: truncate},
	}}
}

// compiled is a rule in the form that it is applied in.
type compiled struct {
	Rule
	action              Action
	keep, places, width int
	key                 *regexp.Regexp
	steps               int // of key
	path                []segment
	detector            *detector
}

// Compile checks the policy, as Parse does, and makes it ready to be applied with the tenant's secrets.
//
// Errors: invalid_policy (Invalid), and an error that is no fault for secrets that cannot be used.
func (p Policy) Compile(secrets Secrets) (*Redactor, error) {
	if err := p.validate(); err != nil {
		return nil, err
	}
	s, err := newSealer(secrets)
	if err != nil {
		return nil, err
	}
	r := &Redactor{sealer: s, rules: make([]compiled, len(p.Rules))}
	for i, rule := range p.Rules {
		c, err := rule.compile(i)
		if err != nil {
			return nil, err
		}
		r.rules[i] = c
		switch {
		case c.key != nil:
			r.keyed = append(r.keyed, i)
		case c.detector != nil:
			r.detecting = append(r.detecting, i)
			if c.detector.numbers {
				r.numeric = append(r.numeric, i)
			}
		default:
			r.root = append(r.root, pathState{rule: i, live: closure(c.path, 1)})
		}
	}
	r.works = sync.Pool{New: func() any { return &work{r: r, names: map[string]verdict{}, keys: map[string]int{}} }}
	return r, nil
}

func or(p *int, otherwise int) int {
	if p == nil {
		return otherwise
	}
	return *p
}
