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
	DueDays      int   `yaml:"due_days"`
	RemindDays   []int `yaml:"remind_days"`
	RestrictDays int   `yaml:"restrict_days"`
	SuspendDays  int   `yaml:"suspend_days"`
}

type couponDoc struct {
	Code        string
	Title       string
	Percent     int
	Amounts     map[string]int64
	Months      int
	Plans       []string
	RedeemUntil string `yaml:"redeem_until"` // a day, the first on which it is too late
}

type costsDoc struct {
	Currency string
	Rates    map[string]costDoc
}

type costDoc struct{ Amount, Per int64 }

type versionDoc struct {
	Version int
	From    string // a day
	Plans   []planDoc
}

type planDoc struct {
	Key          string
	Title        string
	Summary      string
	ByAgreement  bool `yaml:"by_agreement"`
	TrialDays    int  `yaml:"trial_days"`
	Fees         feesDoc
	Prices       map[string]priceDoc
	Limit        limitDoc
	Capabilities []string
}

type feesDoc struct{ Month, Year map[string]int64 }

type priceDoc struct {
	Included quantity
	Mode     string
	Tiers    []tierDoc
}

type tierDoc struct {
	UpTo    *int64 `yaml:"up_to"`
	Per     int64
	Amounts map[string]int64
}

type limitDoc struct {
	At       quantity
	Then     string
	KeepDays int `yaml:"keep_days"`
}

// quantity is a whole number of units, or a word in place of one.
type quantity struct {
	units int64
	word  string
	given bool
}

// UnmarshalYAML implements yaml.Unmarshaler.
func (q *quantity) UnmarshalYAML(node *yaml.Node) error {
	q.given = true
	if node.Decode(&q.units) == nil {
		return nil
	}
	if err := node.Decode(&q.word); err != nil || node.Tag != "!!str" {
		return fmt.Errorf("line %d: a whole number or a word is needed", node.Line)
	}
	return nil
}
