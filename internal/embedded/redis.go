package embedded

import (
	"fmt"
	"net/url"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
)

// redisTick is how often the server looks for keys that have expired, and so by how much a key can outlive its time.
const redisTick = 250 * time.Millisecond

// Redis is a Redis server within this process. It keeps everything in memory: what must survive belongs in PostgreSQL.
type Redis struct {
	server   *miniredis.Miniredis
	port     int
	password string
	stop     chan struct{}
	clock    sync.WaitGroup
	once     sync.Once
}

// RedisConfig says how to run a Redis; the zero value is good.
type RedisConfig struct {
	Port     int    // 0 means a random free one
	Password string // "" means a random one, new at every start
}

// StartRedis starts a server on loopback.
func StartRedis(c RedisConfig) (*Redis, error) {
	if c.Password == "" {
		c.Password = newPassword()
	}
	r := &Redis{server: miniredis.NewMiniRedis(), password: c.Password, stop: make(chan struct{})}
	r.server.RequireAuth(r.password)
	err := withPorts(func() (err error) {
		if r.port, err = portOr(c.Port); err != nil {
			return err
		}
		return r.server.StartAddr(loopback(r.port))
	})
	if err != nil {
		return nil, fmt.Errorf("start redis: %w", err)
	}
	r.clock.Go(r.tick)
	return r, nil
}

// URL is what clients connect to.
func (r *Redis) URL() string {
	return (&url.URL{Scheme: "redis", User: url.UserPassword("", r.password), Host: loopback(r.port), Path: "/0"}).String()
}

// Port is the port on loopback.
func (r *Redis) Port() int { return r.port }

// Kill is Stop: there is nothing to put in order.
func (r *Redis) Kill() { r.Stop() }

// Stop closes all connections and forgets the data.
func (r *Redis) Stop() {
	r.once.Do(func() {
		close(r.stop)
		r.clock.Wait()
		r.server.Close()
	})
}

// tick lets time pass: the server is made for tests and expires nothing by itself.
func (r *Redis) tick() {
	ticker := time.NewTicker(redisTick)
	defer ticker.Stop()
	last := time.Now()
	for {
		select {
		case <-r.stop:
			return
		case now := <-ticker.C:
			r.server.FastForward(now.Sub(last))
			last = now
		}
	}
}
