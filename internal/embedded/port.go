package embedded

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
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
		if err = checkFree(port); err == nil {
			return port, nil
		}
		port = 0
	}
	return 0, err
}

func checkFree(port int) error {
	l, err := net.Listen("tcp", loopback(port)) //nolint:noctx // on loopback nothing has to be waited for
	if err != nil {
		return fmt.Errorf("find a free port: %w", err)
	}
	return l.Close()
}

// portOr is the wanted port, free or not, or a free one where none is wanted.
func portOr(wanted int) (int, error) {
	if wanted != 0 {
		return wanted, nil
	}
	return freePort(0)
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// withPorts calls start, which chooses its ports, again when somebody else has taken one of them before the server could.
func withPorts(start func() error) (err error) {
	for range 3 {
		if err = start(); err == nil || !strings.Contains(strings.ToLower(err.Error()), "address already in use") {
			return err
		}
	}
	return err
}
