package main

import (
	"github.com/observatory/observatory/privacy/privacych"
)

// newErasing makes what removes people from the store of events.
func newErasing(n *node) *privacych.Store {
	return privacych.New(privacych.Config{Conn: n.events, Rollups: n.rollups, Key: n.metering})
}
