// Package demodata makes up the traffic of a small plant shop, Juniper & Fern: its web site, its app, and the climate
// sensors in its greenhouses. `observatory demo` sends it through the public API, so that a new installation has
// something to show; tests and benchmarks use it as ordinary-looking load.
//
// The same Config gives the same events, to the last byte.
package demodata
