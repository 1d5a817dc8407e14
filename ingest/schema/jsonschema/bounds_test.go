package jsonformat_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Comparisons of the largest schemas, and of those made to be hard, end soon: with a verdict, or by giving up.
func TestComparisonEnds(t *testing.T) {
	t.Parallel()
	repeat := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(strings.ReplaceAll(format, "#i", fmt.Sprint(i)))
		}
		return b.String()
	}
	deep := func(leaf string) string { // 2^30 ways down, but only 30 places
		var defs strings.Builder
		for i := range 30 {
			fmt.Fprintf(&defs, `"d%d":{"type":"object","properties":{"l":{"$ref":"#/$defs/d%d"},"r":{"$ref":"#/$defs/d%d"}}},`, i, i+1, i+1)
		}
		return `{"$ref":"#/$defs/d0","$defs":{` + defs.String() + `"d30":` + leaf + `}}`
	}
	for name, c := range map[string]struct{ writer, reader string }{
		"many properties":       {`{"properties":{` + repeat(2400, `"p#i":{"type":"string"}`) + `}}`, `{"properties":{` + repeat(2400, `"p#i":{"type":"string","maxLength":#i}`) + `}}`},
		"many alternatives":     {`{"anyOf":[` + repeat(600, `{"type":"object","required":["k"],"properties":{"k":{"const":#i}}}`) + `]}`, `{"oneOf":[` + repeat(600, `{"type":"object","required":["k"],"properties":{"k":{"enum":[#i,"#i"]}}}`) + `]}`},
		"alternatives of sums":  {`{"allOf":[` + repeat(12, `{"anyOf":[{"minLength":#i},{"maxLength":#i},{"pattern":"#i"}]}`) + `]}`, `{"allOf":[` + repeat(12, `{"oneOf":[{"minLength":1#i},{"maxLength":1#i},{"pattern":"1#i"}]}`) + `]}`},
		"long lists of values":  {`{"enum":[` + repeat(9000, `"v#i"`) + `]}`, `{"enum":[` + repeat(9000, `"v1#i"`) + `],"anyOf":[{"enum":[` + repeat(9000, `"v#i"`) + `]},{"type":"string"}]}`},
		"many ways down":        {deep(`{"type":"string"}`), deep(`{"type":"integer"}`)},
		"many ways round":       {`{"anyOf":[` + repeat(12, `{"properties":{"p#i":{"$ref":"#"}}}`) + `]}`, `{"oneOf":[` + repeat(12, `{"properties":{"p#i":{"$ref":"#"}},"minProperties":#i}`) + `]}`},
		"many patterns":         {`{"patternProperties":{` + repeat(400, `"^a#i":{"type":"string"}`) + `}}`, `{"patternProperties":{` + repeat(400, `"^b#i":{"type":"string"}`) + `},"additionalProperties":{"type":"null"}}`},
		"patterns and names":    {`{"properties":{` + repeat(900, `"p#i":{"type":"string"}`) + `},"patternProperties":{` + repeat(300, `"^a#i":{"type":"string"}`) + `}}`, `{"properties":{` + repeat(900, `"q#i":{"type":"string"}`) + `},"patternProperties":{` + repeat(300, `"^b#i":true`) + `}}`},
		"many named parts":      {`{"allOf":[` + repeat(900, `{"properties":{"p#i":{"type":"string"}}}`) + `]}`, `{"allOf":[` + repeat(900, `{"properties":{"q#i":{"type":"string"}}}`) + `]}`},
		"exclusive of the same": {`{"oneOf":[` + repeat(150, `{"properties":{"p#i":{"type":"string"}}}`) + `]}`, `{"oneOf":[` + repeat(150, `{"properties":{"q#i":{"type":"string"}}}`) + `]}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			reader, writer := parse(t, c.reader), parse(t, c.writer)
			start := time.Now()
			found := reader.Incompatibilities(writer)
			t.Log(name, time.Since(start), len(found))
			if len(found) > 0 {
				t.Log(found[0])
			}
			require.Less(t, time.Since(start), 15*time.Second)
		})
	}
}
