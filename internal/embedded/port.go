package embedded

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

// Ports are taken from below the range that operating systems use for outgoing connections (32768 and up on Linux,
// 49152 and up on macOS). Within that range a client that keeps dialling a server which is down would sooner or later be
// given the server's own port as its source, connect to itself, and keep the server from coming back.
const (
	firstPort = 20_000
	lastPort  = 31_999
)

// freePort returns a loopback port that is free now: preferred if it is, otherwise a random one.
func freePort(preferred int) (int, error) {
	port := preferred
	var err error
	for range 100 {
		if port == 0 {
			port = firstPort + rand.IntN(lastPort-firstPort+1)
		}
		var l net.Listener
		if l, err = net.Listen("tcp", loopback(port)); err == nil { //nolint:noctx // loopback, closed at once
			return port, l.Close()
		}
		port = 0
	}
	return 0, fmt.Errorf("find a free port on loopback: %w", err)
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
