// Package registry holds no code: its tests run clients of Confluent Schema Registry, as they are published, against a
// running server. The Go client is driven by `go test`, the JavaScript one by `npm test`.
package registry
