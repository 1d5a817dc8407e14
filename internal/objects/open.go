package objects

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// Forms is what an address of a Store looks like, for people.
const Forms = "a folder, or s3://bucket/prefix with ?region=, and for other storage than Amazon's endpoint=https://host:port and path-style=true"

// Open opens a store by its address: a folder (a path, or file:///path), which is made where there is none, or
//
//	s3://KEY:SECRET@bucket/prefix?region=eu-central-1&endpoint=https://host:port&path-style=true
//
// Key and secret may be left out: then they come from where Amazon's tools find them (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, shared
// files, the machine's role). Nobody is called before the first use. The error shows no secret.
func Open(ctx context.Context, address string) (*Store, error) {
	u, err := Parse(address)
	if err != nil {
		return nil, err
	}
	var s *Store
	if u.Scheme == "s3" {
		s, err = openS3(ctx, u)
	} else {
		s, err = openFolder(u.Path)
	}
	if err != nil {
		return nil, fmt.Errorf("open the object storage %s: %w", u.Redacted(), err)
	}
	return s, nil
}

var errAddress = errors.New("it must be " + Forms)

// Parse checks the address of a store. A folder becomes a URL without a scheme. The error shows no secret.
func Parse(address string) (*url.URL, error) {
	if path, ok := strings.CutPrefix(address, "file://"); ok || !strings.Contains(address, "://") {
		if path = strings.TrimSpace(path); path == "" {
			return nil, errAddress
		}
		return &url.URL{Path: path}, nil
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "s3" || u.Host == "" || u.Port() != "" {
		return nil, errAddress
	}
	for name, values := range u.Query() {
		if name != "region" && name != "endpoint" && name != "path-style" || len(values) != 1 {
			return nil, errAddress
		}
	}
	if endpoint := u.Query().Get("endpoint"); endpoint != "" {
		if e, err := url.Parse(endpoint); err != nil || e.Host == "" || (e.Scheme != "http" && e.Scheme != "https") || e.User != nil {
			return nil, errAddress
		}
	}
	return u, nil
}
