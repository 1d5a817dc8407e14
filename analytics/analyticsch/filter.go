package analyticsch

import (
	"fmt"
	"slices"
	"strings"

	"github.com/observatory/observatory/analytics"
)

// filter writes a filter as a condition that is true or false and never null, so that NOT means what people take it for.
func (s *statement) filter(f analytics.Filter) (string, error) {
	switch {
	case f.And != nil:
		return s.group(f.And, " AND ")
	case f.Or != nil:
		return s.group(f.Or, " OR ")
	case f.Not != nil:
		condition, err := s.filter(*f.Not)
		return "NOT " + condition, err
	default:
		return s.condition(f)
	}
}

func (s *statement) group(members []analytics.Filter, operator string) (string, error) {
	if len(members) == 0 {
		return "true", nil
	}
	var conditions []string
	for _, member := range members {
		condition, err := s.filter(member)
		if err != nil {
			return "", err
		}
		conditions = append(conditions, condition)
	}
	return "(" + strings.Join(conditions, operator) + ")", nil
}

func (s *statement) condition(f analytics.Filter) (string, error) {
	o, err := s.operand(f.Property)
	if err != nil {
		return "", err
	}
	operator, negative := f.Operator.Opposite()
	condition, err := s.compare(o, operator, f.Value)
	if negative {
		condition = "NOT " + condition
	}
	return condition, err
}

// compare writes one of the positive operators.
func (s *statement) compare(o operand, operator analytics.Operator, value any) (string, error) {
	switch operator {
	case analytics.OperatorEquals:
		return s.in(o, []any{value})
	case analytics.OperatorIn:
		if list, ok := value.([]any); ok {
			return s.in(o, list)
		}
	case analytics.OperatorContains:
		return s.search(o, "position(lowerUTF8(%s), lowerUTF8(%s)) > 0", value)
	case analytics.OperatorStartsWith:
		return s.search(o, "startsWith(lowerUTF8(%s), lowerUTF8(%s))", value)
	case analytics.OperatorEndsWith:
		return s.search(o, "endsWith(lowerUTF8(%s), lowerUTF8(%s))", value)
	case analytics.OperatorGreater:
		return s.order(o, ">", value)
	case analytics.OperatorGreaterOrEqual:
		return s.order(o, ">=", value)
	case analytics.OperatorLess:
		return s.order(o, "<", value)
	case analytics.OperatorLessOrEqual:
		return s.order(o, "<=", value)
	case analytics.OperatorIsSet:
		return "(" + o.isSet() + ")", nil
	default:
	}
	return "", fmt.Errorf("filter with operator %q and a %T was not validated", operator, value)
}

// in is true for what equals one of the values: of the texts, the numbers or the booleans.
func (s *statement) in(o operand, values []any) (string, error) {
	var (
		texts    []string
		numbers  []float64
		booleans = map[bool]bool{}
	)
	for _, value := range values {
		switch v := value.(type) {
		case string:
			texts = append(texts, v)
		case float64:
			numbers = append(numbers, v)
		case bool:
			booleans[v] = true
		default:
			return "", fmt.Errorf("filter value of type %T was not validated", value)
		}
	}
	var conditions []string
	if !o.path.IsJSON() {
		texts = withoutEmpty(texts)
	}
	if len(texts) > 0 {
		conditions = append(conditions, o.known(oneOf(s, o.text(), "String", texts)))
	}
	if len(numbers) > 0 {
		conditions = append(conditions, o.known(oneOf(s, o.number(), "Float64", numbers)))
	}
	for _, b := range []bool{true, false} {
		if booleans[b] {
			conditions = append(conditions, o.is(b))
		}
	}
	if len(conditions) == 0 {
		return "false", nil
	}
	return "(" + strings.Join(conditions, " OR ") + ")", nil
}

func oneOf[T any](s *statement, expression, kind string, values []T) string {
	if len(values) == 1 {
		return expression + " = " + s.bindValue(kind, values[0])
	}
	return expression + " IN " + s.bindValue("Array("+kind+")", values)
}

// search is a comparison of texts in lower case; format has a place for each of the two.
func (s *statement) search(o operand, format string, value any) (string, error) {
	text, ok := value.(string)
	if !ok {
		return "", fmt.Errorf("filter value of type %T was not validated", value)
	}
	if text == "" { // is in every text that there is
		return "(" + o.isSet() + ")", nil
	}
	return "(" + o.known(fmt.Sprintf(format, o.text(), s.bindValue("String", text))) + ")", nil
}

func (s *statement) order(o operand, sign string, value any) (string, error) {
	number, ok := value.(float64)
	if !ok || !o.path.IsJSON() {
		return "", fmt.Errorf("filter %s %s %T was not validated", o.path, sign, value)
	}
	return "(" + o.known(o.number()+" "+sign+" "+s.bindValue("Float64", number)) + ")", nil
}

// known turns the null of a comparison with something missing into false.
func (o operand) known(condition string) string {
	if o.path.IsJSON() {
		return "ifNull(" + condition + ", false)"
	}
	return condition
}

// withoutEmpty drops "", which in a column stands for what was not sent and equals nothing.
func withoutEmpty(texts []string) []string {
	return slices.DeleteFunc(slices.Clone(texts), func(s string) bool { return s == "" })
}
