package analytics

import (
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// Bounds of a filter. Nobody writes such a filter by hand; a program that does has a query to pay for.
const (
	MaxFilterDepth      = 10
	MaxFilterConditions = 100
	MaxFilterValues     = 1000 // in the list of one in or not_in
	MaxFilterText       = 1000 // characters of one value
)

// Filter is a group (And, Or or Not) or a condition (Property, Operator, Value): exactly one of the two.
// A group without members lets every event through, so that a half-built filter shows too much and not nothing.
type Filter struct {
	And []Filter `json:"and,omitzero"` // nil when it is no such group
	Or  []Filter `json:"or,omitzero"`  // nil when it is no such group
	Not *Filter  `json:"not,omitzero"`

	Property string   `json:"property,omitzero"` // the text of a Path
	Operator Operator `json:"operator,omitzero"`
	Value    any      `json:"value,omitzero"` // a string, float64 or bool; for in and not_in a []any of them; nil for is_set and is_not_set
}

// Operator compares what an event has at a path with a value.
//
// What an event has is missing (also when it is JSON null, or a field of the event that was not sent) or has a type and
// a text. The text of a string is the string; the text of everything else is its JSON, shortest form: 5.0 is "5".
//
//   - equals with a string compares the text, exactly: "5" matches the string "5" and the number 5.
//   - equals with a number matches equal JSON numbers (as 64-bit floating point), never a string.
//   - equals with a boolean matches that JSON boolean, never a string.
//   - in matches what equals one of its values.
//   - contains, starts_with and ends_with look at the text, without regard to upper and lower case.
//   - greater, greater_or_equal, less and less_or_equal take a number and match JSON numbers only.
//   - is_set matches what is not missing; an empty string in JSON is not missing.
//   - not_equals, not_contains, not_in and is_not_set match exactly the events that their opposite does not match. So they
//     match events where the property is missing, and all others match none of these.
//
// A field of the event (user_id and the like) is text: only strings suit it, and it is never greater or less.
type Operator string

// The operators.
const (
	OperatorEquals         Operator = "equals"
	OperatorNotEquals      Operator = "not_equals"
	OperatorContains       Operator = "contains"
	OperatorNotContains    Operator = "not_contains"
	OperatorStartsWith     Operator = "starts_with"
	OperatorEndsWith       Operator = "ends_with"
	OperatorIn             Operator = "in"
	OperatorNotIn          Operator = "not_in"
	OperatorGreater        Operator = "greater"
	OperatorGreaterOrEqual Operator = "greater_or_equal"
	OperatorLess           Operator = "less"
	OperatorLessOrEqual    Operator = "less_or_equal"
	OperatorIsSet          Operator = "is_set"
	OperatorIsNotSet       Operator = "is_not_set"
)

// Operators are all of them.
func Operators() []Operator {
	return []Operator{
		OperatorEquals, OperatorNotEquals, OperatorContains, OperatorNotContains, OperatorStartsWith, OperatorEndsWith, OperatorIn, OperatorNotIn,
		OperatorGreater, OperatorGreaterOrEqual, OperatorLess, OperatorLessOrEqual, OperatorIsSet, OperatorIsNotSet,
	}
}

// Opposite returns the operator that matches exactly where a negative one (not_equals and so on) does not, and true; or the
// operator itself and false.
func (o Operator) Opposite() (Operator, bool) {
	switch o {
	case OperatorNotEquals:
		return OperatorEquals, true
	case OperatorNotContains:
		return OperatorContains, true
	case OperatorNotIn:
		return OperatorIn, true
	case OperatorIsNotSet:
		return OperatorIsSet, true
	default:
		return o, false
	}
}

// Validate returns a fault with the code filter_invalid, filter_too_large, property_invalid or value_invalid. A nil filter
// lets every event through and is valid.
func (f *Filter) Validate() error {
	if f == nil {
		return nil
	}
	conditions := 0
	return f.validate(1, &conditions)
}

func (f *Filter) validate(depth int, conditions *int) error {
	if depth > MaxFilterDepth {
		return invalid(CodeFilterTooLarge, "Filters may be nested %d deep. Flatten the groups.", MaxFilterDepth)
	}
	condition := f.Property != "" || f.Operator != "" || f.Value != nil
	if count(f.And != nil, f.Or != nil, f.Not != nil, condition) != 1 {
		return invalid(CodeFilterInvalid, "A filter is either a group, with one of and, or and not, or a condition, with property, operator and value.")
	}
	if condition {
		if *conditions++; *conditions > MaxFilterConditions {
			return invalid(CodeFilterTooLarge, "A filter may have %d conditions. Use in instead of many equals.", MaxFilterConditions)
		}
		return within("Filter on "+f.Property, f.validateCondition())
	}
	members := slices.Concat(f.And, f.Or)
	if f.Not != nil {
		members = append(members, *f.Not)
	}
	for i := range members {
		if err := members[i].validate(depth+1, conditions); err != nil {
			return err
		}
	}
	return nil
}

func (f *Filter) validateCondition() error {
	path, err := ParsePath(f.Property)
	if err != nil {
		return err
	}
	operator, _ := f.Operator.Opposite()
	switch operator {
	case OperatorEquals:
		return validateScalar(path, f.Value)
	case OperatorIn:
		return validateList(path, f.Value)
	case OperatorContains, OperatorStartsWith, OperatorEndsWith:
		text, ok := f.Value.(string)
		if !ok {
			return invalid(CodeValueInvalid, "%s needs a string.", f.Operator)
		}
		return validateText(text)
	case OperatorGreater, OperatorGreaterOrEqual, OperatorLess, OperatorLessOrEqual:
		if !path.IsJSON() {
			return invalid(CodeValueInvalid, "%s compares numbers, and %s is text.", f.Operator, path)
		}
		if _, ok := f.Value.(float64); !ok {
			return invalid(CodeValueInvalid, "%s needs a number.", f.Operator)
		}
		return validateScalar(path, f.Value)
	case OperatorIsSet:
		if f.Value != nil {
			return invalid(CodeValueInvalid, "%s takes no value.", f.Operator)
		}
		return nil
	default:
		return invalid(CodeFilterInvalid, "There is no operator %q. The operators are %s.", string(f.Operator), operatorNames())
	}
}

func validateList(path Path, value any) error {
	list, ok := value.([]any)
	if !ok || len(list) == 0 || len(list) > MaxFilterValues {
		return invalid(CodeValueInvalid, "in and not_in need a list of 1 to %d values.", MaxFilterValues)
	}
	for _, v := range list {
		if err := validateScalar(path, v); err != nil {
			return err
		}
	}
	return nil
}

func validateScalar(path Path, value any) error {
	switch v := value.(type) {
	case string:
		return validateText(v)
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return invalid(CodeValueInvalid, "The number must be finite.")
		}
	case bool:
	default:
		return invalid(CodeValueInvalid, "The value must be a string, a number or a boolean. For what is missing or null there is is_not_set.")
	}
	if !path.IsJSON() {
		return invalid(CodeValueInvalid, "%s is text: put the value in quotes.", path)
	}
	return nil
}

func validateText(s string) error {
	if !utf8.ValidString(s) || utf8.RuneCountInString(s) > MaxFilterText {
		return invalid(CodeValueInvalid, "A text may have at most %d characters of UTF-8.", MaxFilterText)
	}
	return nil
}

func operatorNames() string {
	var names []string
	for _, o := range Operators() {
		names = append(names, string(o))
	}
	return strings.Join(names, ", ")
}

func count(facts ...bool) int {
	n := 0
	for _, fact := range facts {
		if fact {
			n++
		}
	}
	return n
}
