// Package resolve finds out who the subjects of a request are: all IDs under which events of theirs may be found, in every form in which
// redaction may have stored them.
package resolve

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/tenants"
)

// Bounds of one request.
const (
	MaxIDs    = 100_000 // of all subjects together
	MaxPeople = 100     // that one identifier finds
	maxRounds = 8       // of looking for people under other forms of their IDs; a second one finds somebody where a policy has changed, a third hardly ever
)

// ErrTooBroad is returned for what does not name somebody.
var ErrTooBroad = fault.New(fault.Invalid, "subject_too_broad",
	"The subjects have more than %d IDs, or one of them is found in the events of more than %d people. Name people by something that tells them apart, and fewer at once.", MaxIDs, MaxPeople)

// People finds whole people among stored events, by all that was stored up to this moment. Errors: ErrTooBroad, and what the store is about.
type People interface {
	// Kin are the people to whom any of these IDs belong, each once.
	Kin(ctx context.Context, tenant tenants.ID, ids []string) ([]Kin, error)
	// Carriers are the identities of events that have one of these values, in any case of letters where the path is Folded. Besides properties
	// UserPath is one.
	Carriers(ctx context.Context, tenant tenants.ID, values []privacy.Identifier) ([]Carrier, error)
}

// Kin is a person with all IDs that events join. An ID that is a user's and stands as an anonymous one as well is in both lists.
type Kin struct {
	UserIDs, AnonymousIDs []string
	Events                int64
	FirstAt, LastAt       time.Time // of these; zero when there are none
}

// Carrier is who an event says it is about that has a value.
type Carrier struct {
	Value privacy.Identifier
	ID    string
	User  bool
}

// Forms knows what redaction makes of values.
type Forms interface {
	// Forms are those in which each value may be stored, itself among them. Two values share none.
	Forms(ctx context.Context, tenant tenants.ID) (func(value string) []string, error)
}

// Resolver implements privacy.Resolver.
type Resolver struct {
	people People
	forms  Forms
}

var _ privacy.Resolver = (*Resolver)(nil)

// New makes a Resolver.
func New(people People, forms Forms) *Resolver { return &Resolver{people: people, forms: forms} }

// search is one question.
type search struct {
	given  []privacy.Identifier
	forms  func(string) []string
	people People
	tenant tenants.ID

	seeds [][]node        // of each given identifier: where its people are looked for
	known map[node]int    // IDs that were found: to which kin they belong
	kin   []Kin           // all that were found
	joint map[int]int     // kin that are one person, as a forest
	asked map[string]bool // IDs that were looked up
}

// node is an ID as what it is looked for.
type node struct {
	id   string
	user bool
}

// Resolve implements privacy.Resolver. Errors besides those of People and Forms: privacy.ErrSubjectInvalid, ErrTooBroad. The number of questions to the
// store does not depend on how many are given.
func (r *Resolver) Resolve(ctx context.Context, tenant tenants.ID, given []privacy.Identifier) ([]privacy.Person, error) {
	if len(given) > privacy.MaxSubjects {
		return nil, ErrTooBroad
	}
	forms, err := r.forms.Forms(ctx, tenant)
	if err != nil {
		return nil, fmt.Errorf("find what redaction makes of identifiers: %w", err)
	}
	s := &search{forms: forms, people: r.people, tenant: tenant, known: map[node]int{}, joint: map[int]int{}, asked: map[string]bool{}}
	for _, i := range given {
		normal, err := i.Normal()
		if err != nil {
			return nil, err
		}
		s.given = append(s.given, normal)
	}
	if err := s.seed(ctx); err != nil {
		return nil, err
	}
	if err := s.follow(ctx); err != nil {
		return nil, err
	}
	return s.answer()
}

// seed finds the IDs to begin with.
func (s *search) seed(ctx context.Context) error {
	s.seeds = make([][]node, len(s.given))
	byValue := map[privacy.Identifier][]int{} // a form of a property: who is looked for by it
	for n, i := range s.given {
		switch i.Kind {
		case privacy.UserID, privacy.AnonymousID:
			for _, form := range s.forms(i.Value) {
				s.seeds[n] = append(s.seeds[n], node{form, i.Kind == privacy.UserID})
			}
		case privacy.Email, privacy.Property:
			for _, form := range s.forms(i.Value) {
				for _, path := range lookedFor(i) {
					p := privacy.Identifier{Kind: privacy.Property, Path: path, Value: form}
					byValue[p] = append(byValue[p], n)
				}
			}
		}
	}
	carriers, err := s.people.Carriers(ctx, s.tenant, slices.Collect(maps.Keys(byValue)))
	if err != nil {
		return fmt.Errorf("find whose events carry a value: %w", err)
	}
	for _, c := range carriers {
		for _, n := range byValue[c.Value] {
			s.seeds[n] = append(s.seeds[n], node{c.ID, c.User})
		}
	}
	return nil
}

// pathsOf are the properties in which an identifier is looked for.
func pathsOf(i privacy.Identifier) []string {
	if i.Kind == privacy.Email {
		return privacy.EmailPaths()
	}
	return []string{i.Path}
}

// UserPath is the path of user IDs, one of which an e-mail address may be.
const UserPath = "user_id"

// Folded tells whether values at the path are compared as e-mail addresses are, whatever their capitals.
func Folded(path string) bool { return path == UserPath || slices.Contains(privacy.EmailPaths(), path) }

// lookedFor are the paths at which it is looked for who carries an identifier.
func lookedFor(i privacy.Identifier) []string {
	if i.Kind == privacy.Email {
		return append(privacy.EmailPaths(), UserPath)
	}
	return []string{i.Path}
}

// follow finds the people of the seeds, and those of other forms of their IDs, until there is nobody new.
func (s *search) follow(ctx context.Context) error {
	var next []node
	for _, seeds := range s.seeds {
		next = append(next, seeds...)
	}
	for range maxRounds {
		var ids []string
		for _, n := range next {
			if !s.asked[n.id] {
				s.asked[n.id] = true
				ids = append(ids, n.id)
			}
		}
		if len(ids) == 0 {
			break
		}
		found, err := s.people.Kin(ctx, s.tenant, ids)
		if err != nil {
			return fmt.Errorf("find the people of IDs: %w", err)
		}
		next = nil
		for _, k := range found {
			next = append(next, s.add(k)...)
		}
		if len(s.known) > MaxIDs {
			return ErrTooBroad
		}
	}
	s.join()
	return nil
}

// add takes a person in, and returns the other forms of its IDs.
func (s *search) add(k Kin) (others []node) {
	place := len(s.kin)
	s.kin = append(s.kin, k)
	s.joint[place] = place
	for _, n := range nodesOf(k) {
		if before, ok := s.known[n]; ok { // it was somebody else's a moment ago, and has been stitched otherwise since
			s.joint[s.root(place)] = s.root(before)
			continue
		}
		s.known[n], s.asked[n.id] = place, true
		for _, form := range s.forms(n.id) {
			others = append(others, node{form, n.user})
		}
	}
	return others
}

func nodesOf(k Kin) []node {
	nodes := make([]node, 0, len(k.UserIDs)+len(k.AnonymousIDs))
	for _, id := range k.UserIDs {
		nodes = append(nodes, node{id, true})
	}
	for _, id := range k.AnonymousIDs {
		nodes = append(nodes, node{id, false})
	}
	return nodes
}

// join makes one person of those of whom one has an ID that is a form of an ID of the other.
func (s *search) join() {
	for n, place := range s.known {
		for _, form := range s.forms(n.id) {
			if other, ok := s.known[node{form, n.user}]; ok {
				s.joint[s.root(place)] = s.root(other)
			}
		}
	}
}

func (s *search) root(place int) int {
	for s.joint[place] != place {
		s.joint[place] = s.joint[s.joint[place]]
		place = s.joint[place]
	}
	return place
}

// find is the kin that an ID belongs to. An anonymous ID that is a user's as well is the user's.
func (s *search) find(n node) (int, bool) {
	place, ok := s.known[n]
	if !ok && !n.user {
		place, ok = s.known[node{n.id, true}]
	}
	return s.root(place), ok
}

// answer is a person for each given identifier.
func (s *search) answer() ([]privacy.Person, error) {
	members := map[int][]int{} // of each person: the kin
	for place := range s.kin {
		root := s.root(place)
		members[root] = append(members[root], place)
	}
	all := make([]privacy.Person, len(s.given))
	for n, i := range s.given {
		roots := map[int]bool{}
		for _, seed := range s.seeds[n] {
			if root, ok := s.find(seed); ok {
				roots[root] = true
			}
		}
		if len(roots) > MaxPeople {
			return nil, ErrTooBroad
		}
		p := privacy.Person{Given: i, Subjects: s.itself(i)}
		for root := range roots {
			for _, place := range members[root] {
				include(&p, s.kin[place])
			}
		}
		tidy(&p.UserIDs)
		tidy(&p.AnonymousIDs)
		all[n] = p
	}
	return all, nil
}

// itself is the identifier in every form, whether any event carries it or not: some may be on their way.
func (s *search) itself(i privacy.Identifier) privacy.Subjects {
	var own privacy.Subjects
	forms := s.forms(i.Value)
	switch i.Kind {
	case privacy.UserID:
		own.UserIDs = slices.Clone(forms)
	case privacy.AnonymousID:
		own.AnonymousIDs = slices.Clone(forms)
	case privacy.Email, privacy.Property:
		if i.Kind == privacy.Email {
			own.UserIDs = slices.Clone(forms)
		}
		for _, path := range pathsOf(i) {
			for _, form := range forms {
				own.Properties = append(own.Properties, privacy.Identifier{Kind: privacy.Property, Path: path, Value: form})
			}
		}
	}
	return own
}

func include(p *privacy.Person, k Kin) {
	p.UserIDs = append(p.UserIDs, k.UserIDs...)
	p.AnonymousIDs = append(p.AnonymousIDs, k.AnonymousIDs...)
	if k.Events == 0 {
		return
	}
	p.Events += k.Events
	if p.First == nil || k.FirstAt.Before(*p.First) {
		p.First = &k.FirstAt
	}
	if p.Last == nil || k.LastAt.After(*p.Last) {
		p.Last = &k.LastAt
	}
}

func tidy(ids *[]string) {
	slices.SortFunc(*ids, strings.Compare)
	*ids = slices.Compact(*ids)
}
