package client

import (
	"context"
	"net/http"
	"net/url"
)

// SignUpInput opens an account.
type SignUpInput struct {
	Email        string `json:"email"`
	Password     string `json:"password"` // at least 10 characters
	Organization string `json:"organization"`
}

// Account is a new organization with its first source and keys. The keys are not shown again.
type Account struct {
	Tenant struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"tenant"`
	Source Source `json:"source"`
	Keys   struct {
		Publishable string `json:"publishable"`
		Secret      string `json:"secret"`
	} `json:"api_keys"`
}

// Source is a site, an app or a fleet of sensors.
type Source struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Kind string `json:"kind"` // site, app or sensor
}

// SignUp creates an organization. A client without a key is logged in as its owner from then on.
func (c *Client) SignUp(ctx context.Context, in SignUpInput) (Account, error) {
	var a Account
	err := c.Call(ctx, http.MethodPost, "/v1/signup", in, &a)
	return a, err
}

// CreateSource adds a source to the organization. Kind is site, app or sensor.
func (c *Client) CreateSource(ctx context.Context, name, kind string) (Source, error) {
	var s Source
	err := c.Call(ctx, http.MethodPost, "/v1/sources", map[string]string{"name": name, "kind": kind}, &s)
	return s, err
}

// RenameSource gives a source another name.
func (c *Client) RenameSource(ctx context.Context, id, name string) error {
	return c.Call(ctx, http.MethodPatch, "/v1/sources/"+url.PathEscape(id), map[string]string{"name": name}, nil)
}

// CreateSecretKey makes a secret key for a source, with the default scopes (send and ask), and returns its token.
func (c *Client) CreateSecretKey(ctx context.Context, sourceID, name string) (string, error) {
	var created struct {
		Token string `json:"token"`
	}
	in := map[string]string{"source_id": sourceID, "kind": "secret", "name": name}
	err := c.Call(ctx, http.MethodPost, "/v1/keys", in, &created)
	return created.Token, err
}
