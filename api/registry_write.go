package api

import (
	"encoding/json"
	"io"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/observatory/observatory/ingest/schema"
	"github.com/observatory/observatory/internal/fault"
)

// What clients of the registry send: schemas to register, look up or compare, and deletions.

const codeNotKept fault.Code = "schema_attribute_not_kept"

// registryRequest is a schema as clients send it.
type registryRequest struct {
	Schema     string             `json:"schema"`
	Type       schema.Type        `json:"schemaType"`
	References []schema.Reference `json:"references"`
	ID         schema.ID          `json:"id"`
	Version    int                `json:"version"`
	Metadata   attributes         `json:"metadata"`
	RuleSet    attributes         `json:"ruleSet"`
}

// attributes are parts of a request that this registry does not keep. To drop them silently could let somebody believe in
// rules that nobody applies. What is in them is not read: as objects it could take up to treeFactor times as much memory.
type attributes map[string]json.RawMessage

func (a attributes) check(name string) error {
	for _, value := range a {
		if string(value) != "null" {
			return fault.New(fault.Invalid, codeNotKept, "This registry does not keep `%s`. Leave it out.", name)
		}
	}
	return nil
}

// readRegistry reads a request's body into out.
func (s *server) readRegistry(c echo.Context, out any) error {
	r := c.Request()
	tooLarge := fault.New(fault.TooLarge, "body_too_large", "The body has more than %d bytes.", maxRegistryBody)
	if r.ContentLength > maxRegistryBody {
		return tooLarge
	}
	bounded := *r
	bounded.Body = io.NopCloser(io.LimitReader(r.Body, maxRegistryBody+1))
	return s.bodies.with(func(b *body) error {
		raw, err := b.read(&bounded, "", false)
		if err != nil {
			return err
		}
		if len(raw) > maxRegistryBody {
			return tooLarge
		}
		if err := json.Unmarshal(raw, out); err != nil {
			return fault.New(fault.Invalid, "invalid_request", "The body is not the JSON that this asks for. The API is described at /docs.").Because(err)
		}
		return nil
	})
}

// registryProposal reads the schema in a request, for the subject in its path.
func (s *server) registryProposal(c echo.Context) (in schema.RegisterInput, err error) {
	subject, err := registrySubject(c)
	if err != nil {
		return in, err
	}
	if err := schema.CheckSubject(subject); err != nil {
		return in, err
	}
	var sent registryRequest
	if err := s.readRegistry(c, &sent); err != nil {
		return in, err
	}
	if err := sent.Metadata.check("metadata"); err != nil {
		return in, err
	}
	if err := sent.RuleSet.check("ruleSet"); err != nil {
		return in, err
	}
	return schema.RegisterInput{
		Proposal: schema.Proposal{Subject: subject, Type: sent.Type, Text: sent.Schema, References: sent.References, Normalize: isTrue(c, "normalize")},
		ID:       sent.ID, Version: sent.Version,
	}, nil
}

func (s *server) registryRegister(c echo.Context) error {
	in, err := s.registryProposal(c)
	if err != nil {
		return err
	}
	made, err := s.deps.Schemas.Register(c.Request().Context(), callOf(c).by(), in)
	if err != nil {
		return err
	}
	out := writeRegistered(made)
	out.Subject = ""
	return registryJSON(c, http.StatusOK, out)
}

func (s *server) registryLookup(c echo.Context) error {
	in, err := s.registryProposal(c)
	if err != nil {
		return err
	}
	found, err := s.deps.Schemas.Lookup(c.Request().Context(), callOf(c).principal.Tenant, in.Proposal, show(c))
	if err != nil {
		return err
	}
	return registryJSON(c, http.StatusOK, writeRegistered(found))
}

// comparison is the answer to whether a schema would be compatible.
type comparison struct {
	Compatible bool     `json:"is_compatible"`
	Messages   []string `json:"messages,omitempty"` // with verbose

	// Ours, with verbose.
	Level             schema.Level      `json:"compatibilityLevel,omitempty"`
	Incompatibilities []schema.Conflict `json:"incompatibilities,omitempty"`
}

func (s *server) registryCompare(c echo.Context) error {
	number, err := registryNumber(c)
	if err != nil {
		return err
	}
	in, err := s.registryProposal(c)
	if err != nil {
		return err
	}
	found, err := s.deps.Schemas.Compare(c.Request().Context(), callOf(c).principal.Tenant, in.Proposal, number)
	if err != nil {
		return err
	}
	out := comparison{Compatible: len(found.Conflicts) == 0}
	if isTrue(c, "verbose") {
		out.Messages, out.Level, out.Incompatibilities = conflictTexts(found.Conflicts), found.Level, found.Conflicts
	}
	return registryJSON(c, http.StatusOK, out)
}

func (s *server) registryRemoveSubject(c echo.Context) error {
	subject, err := registrySubject(c)
	if err != nil {
		return err
	}
	numbers, err := s.deps.Schemas.RemoveSubject(c.Request().Context(), callOf(c).by(), subject, isTrue(c, "permanent"))
	if err != nil {
		return err
	}
	return registryJSON(c, http.StatusOK, numbers)
}

func (s *server) registryRemoveVersion(c echo.Context) error {
	subject, number, err := registryVersionAt(c)
	if err != nil {
		return err
	}
	if number, err = s.deps.Schemas.RemoveVersion(c.Request().Context(), callOf(c).by(), subject, number, isTrue(c, "permanent")); err != nil {
		return err
	}
	return registryJSON(c, http.StatusOK, number)
}

// notNil makes JSON of no elements an empty array.
func notNil[T any](all []T) []T {
	if all == nil {
		return []T{}
	}
	return all
}
