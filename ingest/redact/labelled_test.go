package redact_test

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/ingest/redact"
)

var (
	update  = flag.Bool("update", false, "write the detectors' figures into the documentation")
	misses  = flag.Bool("misses", false, "print what the detectors get wrong")
	docFile = "../../docs/redaction.md"
)

type labelled struct {
	Text  string `json:"text"`
	Spans []struct {
		Detector   string `json:"detector"`
		Start, End int
	} `json:"spans"`
}

// spans of a detector; those of ip are the ones of both kinds.
func (l labelled) spans(detector string) (out [][2]int) {
	for _, s := range l.Spans {
		if s.Detector == detector || detector == "ip" && strings.HasPrefix(s.Detector, "ipv") {
			out = append(out, [2]int{s.Start, s.End})
		}
	}
	return out
}

func readLabelled(t *testing.T) (all []labelled) {
	f, err := os.Open("testdata/labelled.jsonl")
	require.NoError(t, err)
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var l labelled
		require.NoError(t, json.Unmarshal(lines.Bytes(), &l))
		for _, s := range l.Spans {
			require.Less(t, s.Start, s.End, l.Text)
			require.LessOrEqual(t, s.End, len(l.Text), l.Text)
		}
		all = append(all, l)
	}
	require.NoError(t, lines.Err())
	require.GreaterOrEqual(t, len(all), 600)
	return all
}

// The detectors' figures on the labelled set: a span counts as found only if both its ends are right. Floors are what each detector is held
// to; the documentation and the API say the figures themselves.
func TestDetectorsAgainstTheLabelledSet(t *testing.T) {
	t.Parallel()
	all := readLabelled(t)
	figures := map[string][2]float64{}
	var table strings.Builder
	table.WriteString("| detector | finds | labelled | found | false alarms | precision | recall |\n|---|---|--:|--:|--:|--:|--:|\n")
	for _, d := range redact.Detectors() {
		positives, found, wrong := 0, 0, 0
		for _, l := range all {
			want, got := l.spans(d.Name), redact.Found(d.Name, l.Text)
			positives += len(want)
			for _, s := range got {
				if slices.Contains(want, s) {
					found++
				} else {
					wrong++
					if *misses {
						t.Logf("%s: false alarm %q in %q", d.Name, l.Text[s[0]:s[1]], l.Text)
					}
				}
			}
			for _, s := range want {
				if *misses && !slices.Contains(got, s) {
					t.Logf("%s: missed %q in %q", d.Name, l.Text[s[0]:s[1]], l.Text)
				}
			}
		}
		precision, recall := float64(found)/float64(found+wrong), float64(found)/float64(positives)
		require.GreaterOrEqual(t, precision, floorOf(d.Name), d.Name)
		require.GreaterOrEqual(t, recall, 0.85, d.Name)
		figures[d.Name] = [2]float64{round(precision), round(recall)}
		fmt.Fprintf(&table, "| `%s` | %s | %d | %d | %d | %.1f %% | %.1f %% |\n", d.Name, d.Finds, positives, found, wrong, 100*precision, 100*recall)
	}
	inStep(t, "detectors", table.String())
	text, err := json.MarshalIndent(figures, "", "  ")
	require.NoError(t, err)
	if *update {
		require.NoError(t, os.WriteFile("figures.json", append(text, '\n'), 0o644)) //nolint:gosec // a source file
	}
	written, err := os.ReadFile("figures.json")
	require.NoError(t, err)
	require.JSONEq(t, string(text), string(written), "run go test ./ingest/redact -update")
}

// floorOf is the precision that a detector is held to. Versions of four numbers cannot always be told from addresses.
func floorOf(detector string) float64 {
	if detector == "ipv4" {
		return 0.85
	}
	return 0.92
}

func round(f float64) float64 { return math.Round(f*1000) / 1000 }

// inStep checks that a part of the documentation says what is measured, or writes it.
func inStep(t *testing.T, part, text string) {
	text = strings.TrimSpace(text)
	begin, end := "<!-- "+part+": written by go test ./ingest/redact -update -->\n", "\n<!-- end of "+part+" -->"
	page, err := os.ReadFile(docFile)
	require.NoError(t, err)
	before, rest, ok := strings.Cut(string(page), begin)
	require.True(t, ok, part)
	was, after, ok := strings.Cut(rest, end)
	require.True(t, ok, part)
	if *update {
		require.NoError(t, os.WriteFile(docFile, []byte(before+begin+text+end+after), 0o644)) //nolint:gosec // a page of the documentation
		return
	}
	require.Equal(t, was, text, "run go test ./ingest/redact -update")
}
