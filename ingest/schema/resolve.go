package schema

import (
	"context"
	"errors"
	"strings"
	"unicode"

	"github.com/observatory/observatory/internal/fault"
)

// resolver collects everything that a schema refers to. What is found is bounded while it is being found.
type resolver struct {
	tx       Tx
	versions map[string][]Version // of the subjects that were looked at
	state    map[reference]state
	names    map[string]reference
	found    []Dependency
	bytes    int
}

type reference struct {
	subject string
	version int
}

type state int

const (
	entered state = iota + 1
	left
)

// resolve returns the texts behind references, transitively, each before those that need it. The fault is of kind Invalid
// where they are too many, too long, go round in a circle, or give one name to two schemas.
func resolve(ctx context.Context, tx Tx, references []Reference) ([]Dependency, error) {
	r := &resolver{tx: tx, versions: map[string][]Version{}, state: map[reference]state{}, names: map[string]reference{}}
	if err := r.all(ctx, references); err != nil {
		return nil, err
	}
	return r.found, nil
}

func (r *resolver) all(ctx context.Context, references []Reference) error {
	for _, ref := range references {
		if err := r.one(ctx, ref); err != nil {
			return err
		}
	}
	return nil
}

func (r *resolver) one(ctx context.Context, ref Reference) error {
	at := reference{ref.Subject, ref.Version}
	if other, taken := r.names[ref.Name]; taken {
		if other != at {
			return Invalid("The name %q refers to version %d of %q and to version %d of %q. Use one of them throughout.",
				Shorten(ref.Name), other.version, Shorten(other.subject), at.version, Shorten(at.subject))
		}
		if r.state[at] == left {
			return nil
		}
	}
	if r.state[at] == entered {
		return Invalid("Version %d of %q refers to itself through others. Take the circle apart.", at.version, Shorten(at.subject))
	}
	r.names[ref.Name] = at
	v, err := r.version(ctx, ref)
	if err != nil {
		return err
	}
	s, err := r.tx.SchemaByID(ctx, v.Schema)
	if err != nil {
		return err
	}
	r.state[at] = entered
	if err := r.all(ctx, s.References); err != nil {
		return err
	}
	r.state[at] = left
	r.found = append(r.found, Dependency{Name: ref.Name, Schema: s.Text})
	r.bytes += len(s.Text)
	switch {
	case len(r.found) > MaxDependencies:
		return Invalid("The schema refers to more than %d schemas, directly or not.", MaxDependencies)
	case r.bytes > MaxDependencyBytes:
		return Invalid("The schemas that this one refers to are longer than %d bytes together.", MaxDependencyBytes)
	}
	return nil
}

func (r *resolver) version(ctx context.Context, ref Reference) (Version, error) {
	all, known := r.versions[ref.Subject]
	if !known {
		var err error
		if all, err = r.tx.VersionsOf(ctx, ref.Subject); err != nil {
			return Version{}, err
		}
		r.versions[ref.Subject] = all
	}
	for _, v := range all {
		if v.Number == ref.Version {
			return v, nil
		}
	}
	return Version{}, missing(ref)
}

// pin checks the references that a schema itself makes, which must be to live versions, and puts numbers in the place of
// Latest.
func pin(ctx context.Context, tx VersionRows, references []Reference) ([]Reference, error) {
	if len(references) > MaxDependencies {
		return nil, Invalid("The schema has %d references; %d are allowed.", len(references), MaxDependencies)
	}
	pinned := make([]Reference, len(references))
	for i, ref := range references {
		if ref.Name == "" || len(ref.Name) > MaxSubjectBytes || strings.ContainsFunc(ref.Name, unicode.IsControl) {
			return nil, Invalid("Reference %d needs a name of at most %d bytes: the one that the text uses.", i+1, MaxSubjectBytes)
		}
		if err := CheckSubject(ref.Subject); err != nil {
			return nil, Invalid("Reference %q needs the name of a subject.", Shorten(ref.Name))
		}
		v, err := versionOf(ctx, tx, ref.Subject, ref.Version, ShowLive)
		switch {
		case fault.KindOf(err) == fault.NotFound, errors.Is(err, ErrVersionInvalid):
			return nil, missing(ref)
		case err != nil:
			return nil, err
		}
		ref.Version = v.Number
		pinned[i] = ref
	}
	return pinned, nil
}

func missing(ref Reference) error {
	return Invalid("The reference %q is to version %d of %q, which is not registered. Register it first.", Shorten(ref.Name), ref.Version, Shorten(ref.Subject))
}
