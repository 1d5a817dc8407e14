package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// viewed is the schema of the events that the bench sends.
const viewed = `{
	"type": "object", "additionalProperties": false,
	"properties": {
		"path": {"type": "string", "maxLength": 500}, "product": {"type": "string", "pattern": "^[a-z0-9-]+$"}, "price": {"type": "number", "minimum": 0},
		"currency": {"enum": ["EUR", "USD", "GBP"]}, "quantity": {"type": "integer", "minimum": 1}, "in_stock": {"type": "boolean"},
		"category": {"type": "string"}, "position": {"type": "integer"}
	},
	"required": ["path", "product", "price", "currency"]
}`

// conformed is what batches cost the server whose events are not looked at, and then those that conform to a schema.
func conformed(ctx context.Context, s *server, total int) (unchecked, checked stored, err error) {
	if unchecked, _, err = sendBatches(ctx, s, total, 11); err != nil {
		return unchecked, checked, err
	}
	if err := s.manage(ctx, http.MethodPost, "/v1/schema-registry/subjects/viewed/versions", map[string]any{"schemaType": "JSON", "schema": viewed}); err != nil {
		return unchecked, checked, err
	}
	if err := s.manage(ctx, http.MethodPut, "/v1/policies/contract", map[string]any{"base_version": 0, "document": map[string]any{
		"unknown_events": "quarantine", "events": []any{map[string]any{"event": "product_viewed", "subject": "viewed", "mode": "enforce", "unknown_properties": "quarantine"}},
	}}); err != nil {
		return unchecked, checked, err
	}
	const inForce = 5 * time.Second
	select {
	case <-ctx.Done():
		return unchecked, checked, ctx.Err()
	case <-time.After(inForce):
	}
	checked, _, err = sendBatches(ctx, s, total, 12)
	return unchecked, checked, err
}

// manage does what an owner does.
func (s *server) manage(ctx context.Context, method, path string, body any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://"+s.addr+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.AddCookie(s.session)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close() //nolint:errcheck // nothing of it is wanted
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %s", method, path, res.Status)
	}
	return nil
}
