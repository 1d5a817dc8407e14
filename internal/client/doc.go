// Package client talks to a running Observatory through its public HTTP API (api/openapi.yaml) and through nothing else.
// It stands at the very beginning of an event's way: the commands `import` and `demo`, the benchmark and the end-to-end
// tests send with it.
//
// A batch is tried again when the server is busy or cannot be reached. Its events keep their IDs, so that an attempt
// whose answer was lost does not become a second event.
package client
