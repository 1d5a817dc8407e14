package contract_test

import (
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/contract"
	"github.com/observatory/observatory/ingest/doc"
	"github.com/observatory/observatory/ingest/schema"
)

// registry is a tenant's schemas in memory.
type registry struct {
	versions map[string][]int32
	parsed   map[int32]schema.Parsed
}

func newRegistry() *registry {
	return &registry{versions: map[string][]int32{}, parsed: map[int32]schema.Parsed{}}
}

func (r *registry) add(subject string, p schema.Parsed) int32 {
	id := int32(len(r.parsed) + 1)
	r.parsed[id] = p
	r.versions[subject] = append(r.versions[subject], id)
	return id
}

func (r *registry) Newest(subject string) (int32, int, schema.Parsed, bool) {
	ids := r.versions[subject]
	if len(ids) == 0 {
		return 0, 0, nil, false
	}
	id := ids[len(ids)-1]
	return id, len(ids), r.parsed[id], true
}

func (r *registry) ByID(id int32) (schema.Parsed, bool) {
	p, ok := r.parsed[id]
	return p, ok
}

func (r *registry) ByFingerprint(rabin uint64) (int32, schema.Parsed, bool) {
	for id, p := range r.parsed {
		if f := p.Fingerprints(); f.HasRabin && f.Rabin == rabin {
			return id, p, true
		}
	}
	return 0, nil, false
}

// parsed is a schema of which only the compiled form is looked at.
type parsed struct {
	native any
	rabin  uint64
}

func (p *parsed) Native() any       { return p.native }
func (p *parsed) Canonical() string { return "" }
func (p *parsed) Fingerprints() schema.Fingerprints {
	return schema.Fingerprints{Rabin: p.rabin, HasRabin: p.rabin != 0}
}
func (p *parsed) Incompatibilities(schema.Parsed) []schema.Incompatibility { return nil }

func jsonSchema(t require.TestingT, text string) schema.Parsed {
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	require.NoError(t, err, text)
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	require.NoError(t, c.AddResource("https://test.invalid/schema.json", value))
	s, err := c.Compile("https://test.invalid/schema.json")
	require.NoError(t, err, text)
	return &parsed{native: s}
}

func compile(t require.TestingT, r *registry, policy string) *contract.Contract {
	p, err := contract.Parse([]byte(policy))
	require.NoError(t, err)
	c, err := contract.Compile(p, r)
	require.NoError(t, err)
	return c
}

// conformed is what became of an event.
type conformed struct {
	ingest.Event
	properties string
	rejection  *ingest.Rejection
}

func conform(t require.TestingT, c *contract.Contract, name, properties string, payload []byte) conformed {
	var w contract.Workspace
	var d doc.Doc
	n, err := d.Parse([]byte(properties))
	require.NoError(t, err)
	out := conformed{Event: ingest.Event{Name: []byte(name), Properties: []byte(properties), Payload: payload}}
	out.rejection = c.Conform(&w, &out.Event, n)
	out.properties = string(n.Append(nil))
	return out
}

// exactly compares JSON texts byte by byte: nothing may be written otherwise than it is meant to be.
func exactly(t require.TestingT, want, got string, why ...any) { require.Equal(t, want, got, why...) }
