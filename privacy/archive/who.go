package archive

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"

	"github.com/observatory/observatory/privacy"
)

// who are the subjects of an operation, ready to be looked for.
type who struct {
	users, anonymous map[string]struct{}
	properties       []property
	before           int64 // of receipt, milliseconds; 0: whenever
}

// property is a path by whose value people are named.
type property struct {
	inContext bool
	name      string // below the column: names with dots between them
	folded    bool   // compared in lower case without blanks around it: an e-mail address
	values    map[string]struct{}
}

func newWho(op privacy.Operation) (who, error) {
	w := who{users: set(op.Subjects.UserIDs), anonymous: set(op.Subjects.AnonymousIDs)}
	if !op.ReceivedBefore.IsZero() {
		w.before = op.ReceivedBefore.UnixMilli()
	}
	at := map[string]int{}
	for _, p := range op.Subjects.Properties {
		i, ok := at[p.Path]
		if !ok {
			column, keys, _ := privacy.SplitPath(p.Path)
			if (column != "properties" && column != "context") || len(keys) == 0 || slices.Contains(keys, "") {
				return who{}, privacy.ErrSubjectInvalid
			}
			i = len(w.properties)
			at[p.Path] = i
			w.properties = append(w.properties, property{
				inContext: column == "context", name: strings.Join(keys, "."), folded: slices.Contains(privacy.EmailPaths(), p.Path), values: map[string]struct{}{},
			})
		}
		w.properties[i].values[w.properties[i].fold(p.Value)] = struct{}{}
	}
	return w, nil
}

func set(all []string) map[string]struct{} {
	s := make(map[string]struct{}, len(all))
	for _, v := range all {
		if v != "" {
			s[v] = struct{}{}
		}
	}
	return s
}

func (w *who) nobody() bool { return len(w.users)+len(w.anonymous)+len(w.properties) == 0 }

// trace is what an event tells about people.
type trace struct {
	Type        string `parquet:"type"`
	UserID      string `parquet:"user_id"`
	AnonymousID string `parquet:"anonymous_id"`
	ReceivedAt  int64  `parquet:"received_at,timestamp(millisecond)"`
	Properties  string `parquet:"properties"`
	Context     string `parquet:"context"`
}

// look tells whether an event is one of the subjects' own, or is somebody else's and has an anonymous ID of theirs: as suppression sees it. See
// privacy.Subjects.
func (w *who) look(t *trace) (theirs, carried bool) {
	if w.before != 0 && t.ReceivedAt >= w.before {
		return false, false
	}
	_, user := w.users[t.UserID]
	_, device := w.anonymous[t.AnonymousID]
	if user || device && t.UserID == "" || w.renamed(t) || slices.ContainsFunc(w.properties, func(p property) bool { return p.in(t) }) {
		return true, false
	}
	return false, device
}

// alias is the type of events by which somebody goes by another ID from then on.
const alias = "alias"

// renamed tells whether the event says that one of the subjects goes by another ID from then on.
func (w *who) renamed(t *trace) bool {
	if t.Type != alias || len(w.users)+len(w.anonymous) == 0 {
		return false
	}
	return names(decoded(t.Properties), "previous_id", func(id string) bool {
		_, user := w.users[id]
		_, device := w.anonymous[id]
		return user || device
	})
}

func (p *property) in(t *trace) bool {
	text := t.Properties
	if p.inContext {
		text = t.Context
	}
	if len(text) <= len("{}") {
		return false
	}
	return names(decoded(text), p.name, func(value string) bool {
		_, ok := p.values[p.fold(value)]
		return ok
	})
}

// decoded is JSON as it is; nil where it is none.
func decoded(text string) (at any) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&at); err != nil {
		return nil
	}
	return at
}

// names tells whether a value at a path below a node is one that is meant. A name may hold dots, and a list stands for each of its elements.
func names(at any, rest string, meant func(string) bool) bool {
	switch v := at.(type) {
	case map[string]any:
		for key, child := range v {
			if rest == key && names(child, "", meant) {
				return true
			}
			if behind, ok := strings.CutPrefix(rest, key); ok && strings.HasPrefix(behind, ".") && names(child, behind[1:], meant) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, func(child any) bool { return names(child, rest, meant) })
	case string:
		return rest == "" && meant(v)
	case json.Number:
		return rest == "" && meant(v.String())
	}
	return false
}

func (p *property) fold(value string) string {
	if p.folded {
		return strings.ToLower(strings.TrimSpace(value))
	}
	return value
}

// groups are the row groups of a file in which there may be something of the subjects: its bloom filters say of most that there is not.
// Properties have none, nor have the IDs that aliases name.
func (w *who) groups(file *parquet.File, f File) ([]parquet.RowGroup, error) {
	if len(w.properties) > 0 || f.Aliases > 0 {
		return file.RowGroups(), nil
	}
	var found []parquet.RowGroup
	for _, group := range file.RowGroups() {
		may, err := w.mayBeIn(group)
		if err != nil {
			return nil, broken(err)
		}
		if may {
			found = append(found, group)
		}
	}
	return found, nil
}

func (w *who) mayBeIn(group parquet.RowGroup) (bool, error) {
	columns := group.ColumnChunks()
	for name, values := range map[string]map[string]struct{}{"user_id": w.users, "anonymous_id": w.anonymous} {
		leaf, ok := group.Schema().Lookup(name)
		if !ok {
			return true, nil
		}
		filter := columns[leaf.ColumnIndex].BloomFilter()
		if filter == nil {
			return true, nil
		}
		for value := range values {
			if may, err := filter.Check(parquet.ByteArrayValue([]byte(value))); may || err != nil {
				return may, err
			}
		}
	}
	return false, nil
}
