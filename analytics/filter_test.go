package analytics_test

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/analytics"
	"github.com/observatory/observatory/internal/fault"
)

func where(property string, operator analytics.Operator, value any) analytics.Filter {
	return analytics.Filter{Property: property, Operator: operator, Value: value}
}

func nested(depth int) analytics.Filter {
	f := where("user_id", analytics.OperatorIsSet, nil)
	for range depth - 1 {
		inner := f
		f = analytics.Filter{Not: &inner}
	}
	return f
}

func many(conditions int) analytics.Filter {
	var f analytics.Filter
	for range conditions {
		f.Or = append(f.Or, where("user_id", analytics.OperatorIsSet, nil))
	}
	return f
}

func TestFilterValidate(t *testing.T) {
	t.Parallel()
	require.NoError(t, (*analytics.Filter)(nil).Validate())
	valid := []analytics.Filter{
		where("user_id", analytics.OperatorEquals, "ada"),
		where("properties.x", analytics.OperatorEquals, "5"),
		where("properties.x", analytics.OperatorNotEquals, 5.0),
		where("properties.x", analytics.OperatorEquals, false),
		where("properties.x", analytics.OperatorIn, []any{"5", 5.0, true}),
		where("user_id", analytics.OperatorNotIn, []any{"5"}),
		where("type", analytics.OperatorContains, "a"),
		where("properties.x", analytics.OperatorLess, -1.5),
		where("properties.x", analytics.OperatorIsNotSet, nil),
		where("user_id", analytics.OperatorEquals, strings.Repeat("ä", analytics.MaxFilterText)),
		{And: []analytics.Filter{}},
		nested(analytics.MaxFilterDepth),
		many(analytics.MaxFilterConditions),
	}
	for _, f := range valid {
		require.NoError(t, f.Validate(), "%+v", f)
	}
	user := where("user_id", analytics.OperatorIsSet, nil)
	cases := []struct {
		filter analytics.Filter
		code   fault.Code
	}{
		{analytics.Filter{}, analytics.CodeFilterInvalid},
		{analytics.Filter{And: []analytics.Filter{user}, Or: []analytics.Filter{user}}, analytics.CodeFilterInvalid},
		{analytics.Filter{Not: &user, Property: "user_id"}, analytics.CodeFilterInvalid},
		{analytics.Filter{And: []analytics.Filter{user, {}}}, analytics.CodeFilterInvalid},
		{where("user_id", "", "x"), analytics.CodeFilterInvalid},
		{where("user_id", "like", "x"), analytics.CodeFilterInvalid},
		{where("", analytics.OperatorEquals, "x"), analytics.CodePropertyInvalid},
		{where("nothing", analytics.OperatorEquals, "x"), analytics.CodePropertyInvalid},
		{where("user_id", analytics.OperatorEquals, nil), analytics.CodeValueInvalid},
		{where("user_id", analytics.OperatorEquals, 5.0), analytics.CodeValueInvalid},
		{where("user_id", analytics.OperatorEquals, true), analytics.CodeValueInvalid},
		{where("user_id", analytics.OperatorGreater, 5.0), analytics.CodeValueInvalid},
		{where("properties.x", analytics.OperatorGreater, "5"), analytics.CodeValueInvalid},
		{where("properties.x", analytics.OperatorEquals, []any{"x"}), analytics.CodeValueInvalid},
		{where("properties.x", analytics.OperatorEquals, map[string]any{}), analytics.CodeValueInvalid},
		{where("properties.x", analytics.OperatorEquals, math.Inf(1)), analytics.CodeValueInvalid},
		{where("properties.x", analytics.OperatorLess, math.NaN()), analytics.CodeValueInvalid},
		{where("properties.x", analytics.OperatorContains, 5.0), analytics.CodeValueInvalid},
		{where("properties.x", analytics.OperatorIn, "x"), analytics.CodeValueInvalid},
		{where("properties.x", analytics.OperatorIn, []any{}), analytics.CodeValueInvalid},
		{where("properties.x", analytics.OperatorIn, []any{nil}), analytics.CodeValueInvalid},
		{where("user_id", analytics.OperatorIn, []any{"x", 5.0}), analytics.CodeValueInvalid},
		{where("properties.x", analytics.OperatorIn, make([]any, analytics.MaxFilterValues+1)), analytics.CodeValueInvalid},
		{where("properties.x", analytics.OperatorIsSet, "x"), analytics.CodeValueInvalid},
		{where("user_id", analytics.OperatorEquals, strings.Repeat("ä", analytics.MaxFilterText+1)), analytics.CodeValueInvalid},
		{where("user_id", analytics.OperatorEquals, "\xff"), analytics.CodeValueInvalid},
		{nested(analytics.MaxFilterDepth + 1), analytics.CodeFilterTooLarge},
		{many(analytics.MaxFilterConditions + 1), analytics.CodeFilterTooLarge},
	}
	for _, c := range cases {
		err := c.filter.Validate()
		require.Error(t, err, "%+v", c.filter)
		require.Equal(t, c.code, fault.From(err).Code, "%+v", c.filter)
		require.Equal(t, fault.Invalid, fault.KindOf(err))
	}
}

func TestFilterFaultNamesTheProperty(t *testing.T) {
	t.Parallel()
	f := where("user_id", analytics.OperatorGreater, 5.0)
	require.Equal(t, "Filter on user_id: greater compares numbers, and user_id is text.", fault.From(f.Validate()).Message)
}
