package ingest_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/ingest"
)

func TestRehearsalAddsUp(t *testing.T) {
	t.Parallel()
	r := ingest.NewRehearsal()
	for i := range 30 {
		e := ingest.Rehearsed{ID: fmt.Sprint(i), Event: "checkout", SDK: "js", Version: fmt.Sprint(i % 3), Source: "s", Before: []byte(`{"a":1}`), After: []byte(`{"a":1}`)}
		switch i % 3 {
		case 1:
			e.After, e.Rules = []byte(`{"a":2}`), []string{"emails", fmt.Sprint("rule-", i)}
		case 2:
			e.Causes = []ingest.Violation{
				{Code: "schema_violation", Path: fmt.Sprintf("properties.items[%d].price", i), Message: fmt.Sprintf("number expected; and %d more", i)},
				{Code: "schema_violation", Path: "properties.items[99].price", Message: "number expected"}, // the same cause once more
				{Code: "unknown_property", Path: "properties.b", Message: "not in the schema"},
			}
		}
		r.Add(e)
	}
	report := r.Report()
	require.EqualValues(t, 30, report.Events)
	require.EqualValues(t, 10, report.Passed)
	require.EqualValues(t, 10, report.Changed)
	require.EqualValues(t, 10, report.Violating)
	require.Equal(t, ingest.RehearsedSender{SDK: "js", Version: "2", Source: "s", Events: 10, Violating: 10}, report.BySender[0])
	require.Len(t, report.BySender, 3)
	require.Len(t, report.ByCause, 2)
	require.Equal(t, "properties.items[*].price", report.ByCause[0].Path)
	require.EqualValues(t, 10, report.ByCause[0].Events)
	require.Len(t, report.Examples, ingest.MaxRehearsedExamples)
	require.Equal(t, []string{"schema_violation", "unknown_property"}, report.Examples[1].Causes)
	require.Len(t, report.ByRule, 11)
	require.Equal(t, ingest.RehearsedRule{Rule: "emails", Events: 10}, report.ByRule[0])
	require.Equal(t, []string{"emails", "rule-1"}, report.Examples[0].Rules)
	text, err := json.Marshal(report)
	require.NoError(t, err)
	require.Contains(t, string(text), `"before":{"a":1},"after":{"a":2}`)
}

func TestRehearsalIsBounded(t *testing.T) {
	t.Parallel()
	r := ingest.NewRehearsal()
	for i := range 1000 {
		r.Add(ingest.Rehearsed{ID: fmt.Sprint(i), SDK: fmt.Sprint(i), Rules: []string{fmt.Sprint(i)}, Causes: []ingest.Violation{{Code: "schema_violation", Path: fmt.Sprint(i)}}})
	}
	report := r.Report()
	require.EqualValues(t, 1000, report.Violating)
	require.Len(t, report.BySender, ingest.MaxRehearsedSenders)
	require.Len(t, report.ByCause, ingest.MaxRehearsedCauses)
	require.Len(t, report.ByRule, ingest.MaxRehearsedRules)
}

func TestAnyElement(t *testing.T) {
	t.Parallel()
	for in, out := range map[string]string{
		"": "", "properties.a": "properties.a", "properties.a[0][12].b[3]": "properties.a[*][*].b[*]", "a[": "a[", "a[x]": "a[x]", "a[1": "a[1",
	} {
		require.Equal(t, out, ingest.AnyElement(in))
	}
}
