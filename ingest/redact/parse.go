package redact

import (
	"fmt"
	"math"
	"regexp"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/observatory/observatory/ingest/doc"
	"github.com/observatory/observatory/internal/fault"
)

// Limits of a policy.
const (
	MaxPolicyBytes  = 256 << 10
	MaxRules        = 200
	MaxPatternBytes = 500  // of a path or a key
	maxProgram      = 4000 // steps of one key pattern
	maxPrograms     = 8000 // and of all: each name is looked at with each pattern, and 256 bytes take 50 ms at that
	maxNameBytes    = 64
)

// ErrInvalidPolicy is what errors.Is compares the faults of Parse and Compile with.
var ErrInvalidPolicy = fault.New(fault.Invalid, "invalid_policy", "The redaction policy cannot be used.")

func invalid(format string, args ...any) error {
	return fault.New(fault.Invalid, ErrInvalidPolicy.Code, format, args...)
}

// Parse reads a policy strictly: what it does not know is an error and not passed over.
//
// Errors: invalid_policy (Invalid), whose message names the rule and says what to do.
func Parse(document []byte) (Policy, error) {
	if len(document) > MaxPolicyBytes {
		return Policy{}, invalid("The policy has %d bytes; %d are allowed.", len(document), MaxPolicyBytes)
	}
	var d doc.Doc
	root, err := d.Parse(document)
	if err != nil || len(document) == 0 || !utf8.Valid(document) || root.Kind() != doc.Object {
		return Policy{}, invalid("The policy must be a JSON object such as {\"rules\":[{\"name\":\"emails\",\"detector\":\"email\",\"action\":\"mask\"}]}.")
	}
	var p Policy
	seen := false
	for m := range root.Children() {
		switch {
		case string(m.Key()) != "rules":
			return Policy{}, invalid("%q is not a member of a redaction policy. It has `rules` and nothing else.", clip(m.Key()))
		case seen:
			return Policy{}, invalid("The policy has `rules` twice. Join the two lists.")
		case m.Kind() != doc.Array:
			return Policy{}, invalid("`rules` must be an array of rules.")
		case m.Len() > MaxRules:
			return Policy{}, invalid("The policy has %d rules; %d are allowed.", m.Len(), MaxRules)
		}
		seen = true
		p.Rules = make([]Rule, 0, m.Len())
		for n := range m.Children() {
			rule, err := parseRule(n, len(p.Rules))
			if err != nil {
				return Policy{}, err
			}
			p.Rules = append(p.Rules, rule)
		}
	}
	if !seen {
		return Policy{}, invalid("The policy has no `rules`. Send {\"rules\":[]} to redact nothing.")
	}
	return p, p.validate()
}

func parseRule(n *doc.Node, index int) (Rule, error) {
	var r Rule
	if n.Kind() != doc.Object {
		return r, invalid("rules[%d] must be an object with `name`, `action`, and one of `path`, `key` and `detector`.", index)
	}
	texts := map[string]*string{"name": &r.Name, "path": &r.Path, "key": &r.Key, "detector": &r.Detector, "action": (*string)(&r.Action)}
	numbers := map[string]**int{"keep": &r.Keep, "places": &r.Places, "width": &r.Width}
	seen := map[string]bool{}
	for m := range n.Children() {
		key := string(m.Key())
		at := fmt.Sprintf("rules[%d].%s", index, clip(m.Key()))
		if seen[key] {
			return r, invalid("%s is there twice. Keep one.", at)
		}
		seen[key] = true
		if text := texts[key]; text != nil {
			if m.Kind() != doc.String || len(m.Text()) == 0 {
				return r, invalid("%s must be a text that is not empty; leave it out if you do not need it.", at)
			}
			*text = string(m.Text())
			continue
		}
		number := numbers[key]
		if number == nil {
			return r, invalid("%s is not known. A rule has name, path, key or detector, action, and for some actions keep, places or width.", at)
		}
		v, err := strconv.Atoi(string(m.Raw()))
		if err != nil || m.Kind() != doc.Number {
			return r, invalid("%s must be a whole number.", at)
		}
		*number = &v
	}
	return r, nil
}

// validate checks what cannot be seen from the form alone.
func (p Policy) validate() error {
	if len(p.Rules) > MaxRules {
		return invalid("The policy has %d rules; %d are allowed.", len(p.Rules), MaxRules)
	}
	names, steps := map[string]int{}, 0
	for i, r := range p.Rules {
		if !slug(r.Name) {
			return invalid("rules[%d] needs a `name` of small letters, digits, - and _, at most %d, that begins with a letter.", i, maxNameBytes)
		}
		if j, ok := names[r.Name]; ok {
			return invalid("rules[%d] and rules[%d] are both named %q. Give one another name: events say by name which rules touched them.", j, i, r.Name)
		}
		names[r.Name] = i
		c, err := r.compile(i)
		if err != nil {
			return err
		}
		if steps += c.steps; steps > maxPrograms {
			return invalid("rules[%d] (%s): the `key` patterns up to this one need more than %d steps together. Use smaller repetitions, or fewer patterns.", i, r.Name, maxPrograms)
		}
	}
	return nil
}

func slug(s string) bool {
	return s != "" && len(s) <= maxNameBytes && s[0] >= 'a' && s[0] <= 'z' &&
		strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-_") == ""
}

// compile makes the rule ready. Errors: invalid_policy.
func (r Rule) compile(index int) (compiled, error) {
	c := compiled{Rule: r, action: r.Action, keep: or(r.Keep, defaultKeep), places: or(r.Places, defaultPlaces), width: or(r.Width, defaultWidth)}
	bad := func(format string, args ...any) (compiled, error) {
		return c, invalid("rules[%d] (%s): %s", index, r.Name, fmt.Sprintf(format, args...))
	}
	matchers := 0
	for _, m := range []string{r.Path, r.Key, r.Detector} {
		if m != "" {
			matchers++
		}
		if len(m) > MaxPatternBytes {
			return bad("a pattern has at most %d bytes. Split the rule.", MaxPatternBytes)
		}
	}
	if matchers != 1 {
		return bad("a rule has exactly one of `path`, `key` and `detector`. Make one rule of each.")
	}
	if !slices.Contains(actions(), r.Action) {
		return bad("%q is not an action. Use drop, mask, hash, truncate, generalise, tokenise or allow.", clip([]byte(r.Action)))
	}
	if why := r.parameterFault(); why != "" {
		return bad("%s", why)
	}
	switch {
	case r.Detector != "":
		if c.detector = detectorNamed(r.Detector); c.detector == nil {
			return bad("there is no detector %q. There are: %s.", clip([]byte(r.Detector)), strings.Join(detectorNames(), ", "))
		}
		if !c.detector.takes(r.Action) {
			return bad("%s does not go with the detector %s. %s", r.Action, r.Detector, c.detector.advice(r.Action))
		}
	case r.Key != "":
		re, steps, err := compilePattern(r.Key)
		if err != nil {
			return bad("`key` is not a regular expression that can be used (RE2 syntax): %v.", err)
		}
		c.key, c.steps = re, steps
	default:
		path, err := parsePath(r.Path)
		if err != nil {
			return bad("`path` %v", err)
		}
		c.path = path
	}
	return c, nil
}

func (r Rule) parameterFault() string {
	for _, p := range []struct {
		name    string
		value   *int
		action  Action
		low, up int
	}{{"keep", r.Keep, mask, 0, 8}, {"places", r.Places, truncate, 0, 6}, {"width", r.Width, generalise, 2, 1000}} {
		switch {
		case p.value == nil:
		case r.Action != p.action:
			return fmt.Sprintf("`%s` belongs to the action %s. Leave it out.", p.name, p.action)
		case *p.value < p.low || *p.value > p.up:
			return fmt.Sprintf("`%s` must lie between %d and %d.", p.name, p.low, p.up)
		}
	}
	return ""
}

// compilePattern compiles a regular expression whose program is bounded. RE2 takes time linear in the text, whatever the pattern.
func compilePattern(pattern string) (compiled *regexp.Regexp, steps int, err error) {
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil, 0, err
	}
	program, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return nil, 0, err
	}
	if steps = len(program.Inst); steps > maxProgram {
		return nil, 0, fmt.Errorf("it needs %d steps; %d are allowed", steps, maxProgram)
	}
	compiled, err = regexp.Compile(pattern)
	return compiled, steps, err
}

// clip shortens what is quoted in a message.
func clip(b []byte) string {
	if len(b) > 60 {
		return string(cut(b, 60)) + "…"
	}
	return string(b)
}

// cut shortens a text to at most size bytes, between characters.
func cut(text []byte, size int) []byte {
	if len(text) <= size {
		return text
	}
	for size > 0 && !utf8.RuneStart(text[size]) {
		size--
	}
	return text[:size:size]
}

// none stands for no rule: it comes after every rule.
const none = math.MaxInt
