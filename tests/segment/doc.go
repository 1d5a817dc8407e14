// Package segment holds no code: its tests run Segment's own clients, as they are published, against a running server. The Go client is
// driven by `go test`, the JavaScript ones by `npm test`.
package segment
