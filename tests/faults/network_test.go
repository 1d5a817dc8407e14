//go:build linux

package faults_test

import (
	"bytes"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// network stands between a server and one of its engines. It can be cut, deaf, slow and malicious. (Toxiproxy can do much of that, but
// leaves goroutines behind, and then a leak in what is tested would go unnoticed.)
type network struct {
	URL    string // of the engine, through the network
	engine string // host:port
	addr   string // our host:port

	mu       sync.Mutex
	listener net.Listener // nil: cut
	links    map[*link]struct{}
	weather  weather
	work     sync.WaitGroup
}

// weather is what befalls everything that comes through.
type weather struct {
	deaf   bool          // nothing comes through, in neither direction
	delay  time.Duration // of each piece of what comes back
	hangUp *hangUp       // may be nil
}

// hangUp ends a connection to ClickHouse between the rows of an insert and the answer, so that the client cannot know what became of them.
type hangUp struct {
	table string
	after time.Duration // since the last piece of the rows; 0: after the first
	times atomic.Int64  // how often that has happened
}

// link is one connection through the network.
type link struct {
	client, engine net.Conn
	ended          chan struct{}
	once           sync.Once
	deaf           atomic.Bool // for good: its packets are lost, and nobody will ever be told
}

// newNetwork stands before the engine at a URL.
func newNetwork(t *testing.T, engine string) *network {
	t.Helper()
	u, err := url.Parse(engine)
	require.NoError(t, err)
	n := &network{engine: u.Host, addr: "127.0.0.1:0", links: map[*link]struct{}{}}
	n.mend(t)
	n.addr = n.listener.Addr().String()
	u.Host = n.addr
	n.URL = u.String()
	t.Cleanup(n.cut)
	return n
}

// mend makes it a good network again. Only connections from before that are deaf stay so.
func (n *network) mend(t *testing.T) {
	t.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	n.weather = weather{}
	if n.listener != nil {
		return
	}
	listener, err := net.Listen("tcp", n.addr)
	require.NoError(t, err)
	n.listener = listener
	n.work.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			n.work.Go(func() { n.connect(client) })
		}
	})
}

// cut ends every connection and lets no new one through.
func (n *network) cut() {
	n.mu.Lock()
	if n.listener != nil {
		_ = n.listener.Close()
		n.listener = nil
	}
	for l := range n.links {
		l.end()
	}
	n.mu.Unlock()
	n.work.Wait()
}

// set changes the weather.
func (n *network) set(w weather) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.weather = w
	for l := range n.links {
		l.deaf.Store(l.deaf.Load() || w.deaf)
	}
}

func (n *network) now() weather {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.weather
}

// connect carries one connection until either side ends it.
func (n *network) connect(client net.Conn) {
	engine, err := net.DialTimeout("tcp", n.engine, time.Second)
	if err != nil {
		_ = client.Close()
		return
	}
	l := &link{client: client, engine: engine, ended: make(chan struct{})}
	defer l.end()
	n.mu.Lock()
	if n.listener == nil {
		n.mu.Unlock()
		return
	}
	l.deaf.Store(n.weather.deaf)
	n.links[l] = struct{}{}
	n.mu.Unlock()
	defer func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		delete(n.links, l)
	}()
	var back sync.WaitGroup
	back.Go(func() { n.carry(l, engine, client, n.delay) })
	n.carry(l, client, engine, n.watch)
	l.end()
	back.Wait()
}

// carry copies from one side to the other. Each piece is shown to look before it goes on, and what look returns is done after.
func (n *network) carry(l *link, from, to net.Conn, look func(l *link, piece []byte) (then func())) {
	defer l.end()
	buf := make([]byte, 64<<10)
	for {
		size, err := from.Read(buf)
		if err != nil {
			return
		}
		then := look(l, buf[:size])
		if l.deaf.Load() {
			continue
		}
		if _, err := to.Write(buf[:size]); err != nil {
			return
		}
		if then != nil {
			then()
		}
	}
}

// delay looks at what comes back.
func (n *network) delay(l *link, _ []byte) func() {
	if d := n.now().delay; d > 0 {
		select {
		case <-time.After(d):
		case <-l.ended:
		}
	}
	return nil
}

// watch looks at what goes to the engine, for the rows of an insert.
func (n *network) watch(l *link, piece []byte) func() {
	h := n.now().hangUp
	if h == nil {
		return nil
	}
	// An insert begins with its statement, is answered with the table's columns, and goes on with rows.
	if bytes.Contains(piece, []byte("INSERT INTO "+h.table+" ")) {
		return func() { n.hangUpAfterRows(l, h) }
	}
	return nil
}

// hangUpAfterRows goes on carrying what the client sends until the rows are sent, and ends the connection then.
func (n *network) hangUpAfterRows(l *link, h *hangUp) {
	buf := make([]byte, 64<<10)
	for pieces := 0; pieces == 0 || h.after > 0; pieces++ {
		if pieces > 0 {
			_ = l.client.SetReadDeadline(time.Now().Add(h.after))
		}
		size, err := l.client.Read(buf)
		if err != nil {
			break // there were no more, or the client has gone
		}
		if _, err := l.engine.Write(buf[:size]); err != nil {
			break
		}
	}
	h.times.Add(1)
	l.end()
}

func (l *link) end() {
	l.once.Do(func() {
		close(l.ended)
		_ = l.client.Close()
		_ = l.engine.Close()
	})
}
