package jsonformat

import (
	"fmt"
	"regexp"
	"regexp/syntax"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/observatory/observatory/ingest/schema"
)

const (
	maxInstructions      = 10_000  // of one compiled pattern
	maxInstructionsTotal = 100_000 // of all patterns of a schema
)

// patterns compiles the regular expressions of one schema, each once: RE2, which takes time in proportion to its input,
// and bounded, because little text can be a large machine.
type patterns struct {
	compiled map[string]result
	total    int
}

type result struct {
	regexp *expression
	err    error
}

// expression is a regular expression that knows how much work it is.
type expression struct {
	*regexp.Regexp
	steps int // for one byte, at most
}

// stepsOf is how much work an expression is for one byte.
func stepsOf(r jsonschema.Regexp) int {
	if e, ok := r.(*expression); ok {
		return e.steps
	}
	return 0
}

// patternError is a pattern that is refused.
type patternError struct{ pattern, why string }

func (e *patternError) Error() string {
	return fmt.Sprintf("the pattern %q %s", schema.Shorten(e.pattern), e.why)
}

func (p *patterns) compile(pattern string) (jsonschema.Regexp, error) {
	r, ok := p.compiled[pattern]
	if !ok {
		r.regexp, r.err = p.build(pattern)
		p.compiled[pattern] = r
	}
	if r.err != nil {
		return nil, r.err
	}
	return r.regexp, nil
}

func (p *patterns) build(pattern string) (*expression, error) {
	if len(pattern) > schema.MaxPatternBytes {
		return nil, &patternError{pattern, fmt.Sprintf("is %d bytes long; %d are allowed.", len(pattern), schema.MaxPatternBytes)}
	}
	tree, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil, &patternError{pattern, "is no RE2 expression; look-around and back-references do not exist there."}
	}
	size := weigh(tree)
	if p.total += size; size > maxInstructions || p.total > maxInstructionsTotal {
		return nil, &patternError{pattern, "is too large once its repetitions are written out. Use smaller counts."}
	}
	program, err := syntax.Compile(tree.Simplify())
	if err != nil {
		return nil, &patternError{pattern, "is no RE2 expression."}
	}
	r, err := regexp.Compile(pattern)
	if err != nil {
		return nil, &patternError{pattern, "is no RE2 expression."}
	}
	return &expression{Regexp: r, steps: len(program.Inst)}, nil
}

// weigh is about how many instructions an expression becomes, more than maxInstructions for any more than that.
func weigh(re *syntax.Regexp) int {
	size := 1 + len(re.Rune)
	for _, sub := range re.Sub {
		size = min(size+weigh(sub), maxInstructions+1)
	}
	if re.Op == syntax.OpRepeat {
		size = min(size*max(re.Min, re.Max, 1), maxInstructions+1)
	}
	return size
}
