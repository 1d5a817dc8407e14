// Package scrub takes the identifiers of people out of texts that were written about something else, and should not hold any.
package scrub

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/observatory/observatory/privacy"
)

// Erased stands where an identifier was.
const Erased = "[erased]"

// least is how many bytes an identifier must have to be looked for in prose: a shorter one, such as 17, is a word like others.
const least = 5

// Scrubber knows the identifiers. An identifier is found where it stands between characters that are no letters and digits; and, however short
// it is, where it is all of a text in JSON. Case counts, but for e-mail addresses.
type Scrubber struct {
	words  []string // the longest first: one may be the beginning of another
	whole  map[string]bool
	folded map[string]bool // of whole: in lower case
}

// New makes a Scrubber.
func New(s privacy.Subjects) Scrubber {
	c := Scrubber{whole: map[string]bool{}, folded: map[string]bool{}}
	add := func(value string, folded bool) {
		if value == "" {
			return
		}
		c.whole[value] = true
		if folded {
			c.folded[strings.ToLower(value)] = true
		}
		if len(value) >= least {
			c.words = append(c.words, value)
		}
	}
	for _, id := range slices.Concat(s.UserIDs, s.AnonymousIDs) {
		add(id, strings.Contains(id, "@"))
	}
	for _, p := range s.Properties {
		add(p.Value, slices.Contains(privacy.EmailPaths(), p.Path))
	}
	slices.SortFunc(c.words, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), strings.Compare(a, b)) })
	c.words = slices.Compact(c.words)
	return c
}

// Text returns a text without identifiers, and how many there were.
func (c Scrubber) Text(text string) (string, int) {
	found := 0
	for _, word := range c.words {
		for from := 0; ; {
			at := c.index(text[from:], word)
			if at < 0 {
				break
			}
			at += from
			from = at + len(word)
			if alone(text, at, from) {
				text = text[:at] + Erased + text[from:]
				from = at + len(Erased)
				found++
			}
		}
	}
	return text, found
}

// Names tells whether a text names somebody: in it there is an identifier, or it is one.
func (c Scrubber) Names(text string) bool {
	if c.whole[text] || c.folded[strings.ToLower(text)] {
		return true
	}
	_, found := c.Text(text)
	return found > 0
}

func (c Scrubber) index(text, word string) int {
	folded := strings.ToLower(word)
	lower := strings.ToLower(text)
	if at := strings.Index(text, word); at >= 0 || !c.folded[folded] {
		return at
	}
	if len(lower) != len(text) { // letters that have another length in lower case
		return strings.Index(text, folded)
	}
	return strings.Index(lower, folded)
}

// alone tells whether what stands from one place to another is no part of a longer word.
func alone(text string, from, to int) bool {
	before, _ := utf8.DecodeLastRuneInString(text[:from])
	after, _ := utf8.DecodeRuneInString(text[to:])
	return !inWord(before) && !inWord(after)
}

func inWord(r rune) bool { return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r)) }

// JSON returns a document without identifiers in its texts and the names of its members, and how many there were.
func (c Scrubber) JSON(document []byte) ([]byte, int, error) {
	d := json.NewDecoder(bytes.NewReader(document))
	d.UseNumber()
	var value any
	if err := d.Decode(&value); err != nil {
		return nil, 0, fmt.Errorf("read JSON: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, 0, errors.New("read JSON: there is more than one document")
	}
	value, found := c.value(value)
	if found == 0 {
		return document, 0, nil
	}
	out, err := json.Marshal(value)
	return out, found, err
}

func (c Scrubber) value(value any) (any, int) {
	found := 0
	switch v := value.(type) {
	case string:
		clean, n := c.Text(v)
		if n == 0 && c.Names(v) {
			return Erased, 1
		}
		return clean, n
	case []any:
		for i := range v {
			var n int
			v[i], n = c.value(v[i])
			found += n
		}
	case map[string]any:
		for name, member := range v {
			scrubbed, n := c.value(member)
			clean, m := c.Text(name)
			if m > 0 {
				delete(v, name)
			}
			v[clean] = scrubbed
			found += n + m
		}
	}
	return value, found
}
