package api

import _ "embed"

// contract is the OpenAPI document that the generated types were made from.
//
//go:embed openapi.yaml
var contract []byte //nolint:gochecknoglobals // an embedded file
