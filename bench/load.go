package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

const (
	batchSize = 100
	idDigits  = 32
)

// newEvent is an event as a site sends it, with a placeholder for its ID.
func newEvent() []byte {
	return []byte(`{"event":"product_viewed","event_id":"` + string(bytes.Repeat([]byte("0"), idDigits)) + `","user_id":"user-4711",` +
		`"anonymous_id":"0b7f6c1e-3f5c-4c62-9a0e-7d4d6d9f2a11","session_id":"s-20261121-77","timestamp":"` + time.Now().UTC().Format("2006-01-02T15:04:05.000Z") + `",` +
		`"properties":{"path":"/shop/telescopes/newton-150","product":"newton-150","price":349.9,"currency":"EUR","quantity":1,"in_stock":true,"category":"telescopes","position":12},` +
		`"context":{"userAgent":"Mozilla/5.0 (X11; Linux x86_64) Firefox/149.0","locale":"de-DE","page":{"referrer":"https://www.example.com/search?q=newton"}}}`)
}

// request is an HTTP request that is made once and sent again and again; only the IDs of its events change.
type request struct {
	bytes []byte
	ids   []int // where the IDs are
}

func (s *server) newRequest(events int) request {
	event := newEvent()
	var body []byte
	if events > 1 {
		body = append(body, `{"events":[`...)
	}
	for i := range events {
		if i > 0 {
			body = append(body, ',')
		}
		body = append(body, event...)
	}
	if events > 1 {
		body = append(body, "]}"...)
	}
	head := "POST /v1/events HTTP/1.1\r\nHost: " + s.addr + "\r\nAuthorization: Bearer " + s.key + "\r\nContent-Type: application/json\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n"
	r := request{bytes: append([]byte(head), body...)}
	zeros := bytes.Repeat([]byte("0"), idDigits)
	for at := len(head); ; at += idDigits {
		next := bytes.Index(r.bytes[at:], zeros)
		if next < 0 {
			return r
		}
		at += next
		r.ids = append(r.ids, at)
	}
}

// number gives the events fresh IDs.
func (r *request) number(next *atomic.Int64) {
	n := next.Add(int64(len(r.ids))) - int64(len(r.ids))
	for i, at := range r.ids {
		digits := r.bytes[at : at+idDigits]
		v := n + int64(i)
		for d := len(digits) - 1; d >= len(digits)-18; d-- {
			digits[d] = byte('0' + v%10)
			v /= 10
		}
	}
}

// load sends requests over connections until total events were sent or the time is over, and returns the latency of each.
func (s *server) load(ctx context.Context, connections, events, total int, limit time.Duration, run int64) ([]time.Duration, error) {
	var next, sent atomic.Int64
	next.Store(run * 1_000_000_000_000)
	deadline := time.Now().Add(limit)
	latencies := make([][]time.Duration, connections)
	errs := make([]error, connections)
	var wg sync.WaitGroup
	for i := range connections {
		wg.Go(func() {
			latencies[i], errs[i] = s.sender(ctx, events, func(r *request) bool {
				if sent.Add(int64(events)) > int64(total) || time.Now().After(deadline) || ctx.Err() != nil {
					return false
				}
				r.number(&next)
				return true
			})
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return slices.Concat(latencies...), nil
}

func (s *server) sender(ctx context.Context, events int, more func(*request) bool) ([]time.Duration, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", s.addr)
	if err != nil {
		return nil, err
	}
	defer conn.Close() //nolint:errcheck // nothing is pending
	in := bufio.NewReader(conn)
	r := s.newRequest(events)
	var took []time.Duration
	for more(&r) {
		begin := time.Now()
		if _, err := conn.Write(r.bytes); err != nil {
			return nil, err
		}
		if err := readAnswer(in); err != nil {
			return nil, err
		}
		took = append(took, time.Since(begin))
	}
	return took, nil
}

// readAnswer reads one answer, which must be a 202.
func readAnswer(in *bufio.Reader) error {
	status, err := in.ReadSlice('\n')
	if err != nil {
		return err
	}
	ok := bytes.HasPrefix(status, []byte("HTTP/1.1 202"))
	line := string(status)
	length := 0
	for {
		header, err := in.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(header) <= 2 {
			break
		}
		if rest, is := bytes.CutPrefix(header, []byte("Content-Length: ")); is {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(rest))); err != nil {
				return err
			}
		}
	}
	if ok {
		_, err = in.Discard(length)
		return err
	}
	body, err := io.ReadAll(io.LimitReader(in, int64(length)))
	if err != nil {
		return err
	}
	return fmt.Errorf("answer %s: %s", line, body)
}

func percentile(sorted []time.Duration, p float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(int(p*float64(len(sorted))), len(sorted)-1)]
}
