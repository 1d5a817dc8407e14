package plan

import (
	"fmt"

	"go.yaml.in/yaml/v3"
)

// The shapes of the file. What a word means is said at the types that they become; docs/billing.md has an example.

type document struct {
	Currencies []string
	Dunning    dunningDoc
	Coupons    []couponDoc
	Costs      costsDoc
	Versions   []versionDoc
}

type dunningDoc struct {
	DueDays      whole   `yaml:"due_days"`
	RemindDays   []whole `yaml:"remind_days"`
	RestrictDays whole   `yaml:"restrict_days"`
	SuspendDays  whole   `yaml:"suspend_days"`
}

type couponDoc struct {
	Code        string
	Title       string
	Percent     whole
	Amounts     map[string]whole
	Months      whole
	Plans       []string
	RedeemUntil string `yaml:"redeem_until"` // a day, the first on which it is too late
}

type costsDoc struct {
	Currency string
	Rates    map[string]costDoc
}

type costDoc struct{ Amount, Per whole }

type versionDoc struct {
	Version whole
	From    string // a day
	Plans   []planDoc
}

type planDoc struct {
	Key          string
	Title        string
	Summary      string
	ByAgreement  bool  `yaml:"by_agreement"`
	TrialDays    whole `yaml:"trial_days"`
	Fees         feesDoc
	Prices       map[string]priceDoc
	Limit        limitDoc
	Capabilities []string
}

type feesDoc struct{ Month, Year map[string]whole }

type priceDoc struct {
	Included quantity
	Mode     string
	Tiers    []tierDoc
}

type tierDoc struct {
	UpTo    *whole `yaml:"up_to"`
	Per     whole
	Amounts map[string]whole
}

type limitDoc struct {
	At       quantity
	Then     string
	KeepDays whole `yaml:"keep_days"`
}

// whole is a whole number. The library would cut off what stands behind the point.
type whole int64

// UnmarshalYAML implements yaml.Unmarshaler.
func (w *whole) UnmarshalYAML(node *yaml.Node) error {
	var n int64
	if node.ShortTag() != "!!int" || node.Decode(&n) != nil {
		return fmt.Errorf("line %d: %q must be a whole number", node.Line, node.Value)
	}
	*w = whole(n)
	return nil
}

// quantity is a whole number of units, or a word in place of one.
type quantity struct {
	units whole
	word  string
	given bool
}

// UnmarshalYAML implements yaml.Unmarshaler.
func (q *quantity) UnmarshalYAML(node *yaml.Node) error {
	q.given = true
	if node.ShortTag() == "!!str" {
		q.word = node.Value
		return nil
	}
	return node.Decode(&q.units)
}

// checkNulls refuses values that are missing, which the library would take for 0.
func checkNulls(text []byte) error {
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil {
		return fmt.Errorf("read the plans: %w", err)
	}
	var check func(node *yaml.Node) error
	check = func(node *yaml.Node) error {
		if node.Kind == yaml.ScalarNode && node.ShortTag() == "!!null" {
			return fmt.Errorf("line %d: a value is missing", node.Line)
		}
		for _, child := range node.Content {
			if err := check(child); err != nil {
				return err
			}
		}
		return nil
	}
	return check(&root)
}
