package main

import (
	"net"
	"net/http"
	"sync"
)

// newcomers are the connections over which nothing has come yet. Browsers and SDKs keep some in store; http.Server.Shutdown would wait
// five seconds for them.
type newcomers struct {
	mu    sync.Mutex
	conns map[net.Conn]struct{}
}

func newNewcomers() *newcomers { return &newcomers{conns: map[net.Conn]struct{}{}} }

// follow is told what becomes of each connection.
func (n *newcomers) follow(conn net.Conn, state http.ConnState) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if state == http.StateNew {
		n.conns[conn] = struct{}{}
	} else {
		delete(n.conns, conn)
	}
}

// close closes them.
func (n *newcomers) close() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for conn := range n.conns {
		_ = conn.Close() // nobody has said anything over it
	}
}
