// Package clienttest stands in for Observatory where a test needs what a healthy server will not do on demand: refuse,
// lose an answer, take its time. It keeps the part of the contract that the clients use: it reads batches, recognises
// event IDs that it has seen, and gives receipts. It stores nothing and asks for one fixed key.
package clienttest

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// Key is the one key that is accepted.
const Key = "test-key"

// Event is one event as it arrived.
type Event struct {
	Name        string         `json:"event"`
	ID          string         `json:"event_id"`
	UserID      string         `json:"user_id"`
	AnonymousID string         `json:"anonymous_id"`
	SessionID   string         `json:"session_id"`
	Timestamp   string         `json:"timestamp"`
	Properties  map[string]any `json:"properties"`
	Context     map[string]any `json:"context"`
}

// Handler answers like Observatory. The zero value is ready.
type Handler struct {
	// Meddle, when set, sees every request first, numbered from 1 for each path. What it answers stands; when it returns
	// false the request goes on as usual.
	Meddle func(w http.ResponseWriter, r *http.Request, n int) bool
	// LoseAnswer, when set, says of a batch that was taken whether its answer gets lost on the way back.
	LoseAnswer func(n int) bool
	// Refuse, when set, tells which events break a rule, besides those without a name.
	Refuse func(Event) bool
	// PendingFor is how often a receipt is asked for before it is settled.
	PendingFor int

	mu       sync.Mutex
	calls    map[string]int
	seen     map[string]bool
	events   []Event
	batches  []int
	encoding map[string]int
	receipts []*receipt
	sources  []string
}

type receipt struct {
	asked  int
	events []map[string]any
	counts map[string]int
}

// Events that were stored, each once, in the order of arrival.
func (h *Handler) Events() []Event {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]Event(nil), h.events...)
}

// Sources are the names of the sources, oldest first.
func (h *Handler) Sources() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]string(nil), h.sources...)
}

// Batches are the numbers of events of the batches that were taken.
func (h *Handler) Batches() []int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]int(nil), h.batches...)
}

// Encodings counts the batches by Content-Encoding.
func (h *Handler) Encodings() map[string]int {
	h.mu.Lock()
	defer h.mu.Unlock()
	counts := map[string]int{}
	for k, v := range h.encoding {
		counts[k] = v
	}
	return counts
}

func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := r.URL.Path
	for _, collection := range []string{"/v1/receipts", "/v1/sources"} {
		if strings.HasPrefix(path, collection+"/") {
			path = collection
		}
	}
	h.mu.Lock()
	if h.calls == nil {
		h.calls, h.seen, h.encoding = map[string]int{}, map[string]bool{}, map[string]int{}
	}
	h.calls[path]++
	n := h.calls[path]
	h.mu.Unlock()
	if h.Meddle != nil && h.Meddle(w, r, n) {
		return
	}
	switch path {
	case "/healthz":
		answer(w, http.StatusOK, map[string]any{"status": "ok", "version": "test"})
	case "/v1/events":
		h.take(w, r, n)
	case "/v1/receipts":
		h.tell(w, r)
	case "/v1/signup":
		h.mu.Lock()
		h.sources = []string{"Site"}
		h.mu.Unlock()
		http.SetCookie(w, &http.Cookie{Name: "observatory_session", Value: "session", Path: "/", HttpOnly: true})
		answer(w, http.StatusCreated, map[string]any{
			"tenant":   map[string]any{"id": "tenant-1", "name": "Test"},
			"source":   map[string]any{"id": "source-1", "name": "Site", "kind": "site"},
			"api_keys": map[string]any{"publishable": "none", "secret": Key},
		})
	case "/v1/sources", "/v1/keys":
		h.manage(w, r)
	default:
		Problem(w, http.StatusNotFound, "not_found", "There is nothing here.")
	}
}

// manage is what the owner does: sources 1, 2, ... and keys for them.
func (h *Handler) manage(w http.ResponseWriter, r *http.Request) {
	if _, err := r.Cookie("observatory_session"); err != nil {
		Problem(w, http.StatusUnauthorized, "session_missing", "Log in first.")
		return
	}
	var in struct {
		Name string `json:"name"`
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		Problem(w, http.StatusBadRequest, "body_malformed", err.Error())
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	id, renames := strings.CutPrefix(r.URL.Path, "/v1/sources/source-")
	n, err := strconv.Atoi(id)
	switch {
	case r.URL.Path == "/v1/keys":
		answer(w, http.StatusCreated, map[string]any{"key": map[string]any{"name": in.Name}, "token": Key})
	case !renames:
		h.sources = append(h.sources, in.Name)
		answer(w, http.StatusCreated, map[string]any{"id": "source-" + strconv.Itoa(len(h.sources)), "name": in.Name, "kind": "app"})
	case err != nil || n < 1 || n > len(h.sources) || r.Method != http.MethodPatch:
		Problem(w, http.StatusNotFound, "source_not_found", "There is no such source.")
	default:
		h.sources[n-1] = in.Name
		answer(w, http.StatusOK, map[string]any{"id": "source-" + id, "name": in.Name, "kind": "app"})
	}
}

func (h *Handler) take(w http.ResponseWriter, r *http.Request, n int) {
	if r.Header.Get("Authorization") != "Bearer "+Key {
		Problem(w, http.StatusUnauthorized, "key_unknown", "This key is not known here.")
		return
	}
	events, err := decode(r)
	if err != nil {
		Problem(w, http.StatusBadRequest, "body_malformed", err.Error())
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.batches = append(h.batches, len(events))
	h.encoding[r.Header.Get("Content-Encoding")]++
	rec := &receipt{counts: map[string]int{"received": len(events)}}
	rejected := []map[string]any{}
	for i, e := range events {
		outcome := map[string]any{"index": i, "event_id": e.ID, "status": "stored"}
		switch {
		case e.Name == "":
			outcome["status"], outcome["code"], outcome["message"] = "quarantined", "event_name_missing", "Every event needs a name."
			rejected = append(rejected, map[string]any{"index": i, "code": outcome["code"], "message": outcome["message"]})
		case h.Refuse != nil && h.Refuse(e):
			outcome["status"], outcome["code"], outcome["message"] = "quarantined", "refused", "The test refuses this event."
			rejected = append(rejected, map[string]any{"index": i, "code": outcome["code"], "message": outcome["message"]})
		case h.seen[e.ID]:
			outcome["status"] = "duplicate"
		default:
			h.seen[e.ID] = true
			h.events = append(h.events, e)
		}
		rec.counts[fmt.Sprint(outcome["status"])]++
		rec.events = append(rec.events, outcome)
	}
	h.receipts = append(h.receipts, rec)
	if h.LoseAnswer != nil && h.LoseAnswer(n) {
		panic(http.ErrAbortHandler)
	}
	answer(w, http.StatusAccepted, map[string]any{
		"receipt": strconv.Itoa(len(h.receipts) - 1), "accepted": len(events) - len(rejected), "rejected": rejected,
	})
}

func decode(r *http.Request) ([]Event, error) {
	body := io.Reader(r.Body)
	switch r.Header.Get("Content-Encoding") {
	case "zstd":
		z, err := zstd.NewReader(body)
		if err != nil {
			return nil, err
		}
		defer z.Close()
		body = z
	case "gzip":
		z, err := gzip.NewReader(body)
		if err != nil {
			return nil, err
		}
		body = z
	}
	raw, err := io.ReadAll(body)
	if err != nil {
		return nil, err
	}
	var batch struct {
		Events []Event `json:"events"`
	}
	err = json.Unmarshal(raw, &batch)
	return batch.Events, err
}

func (h *Handler) tell(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	i, err := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/v1/receipts/"))
	if err != nil || i < 0 || i >= len(h.receipts) {
		Problem(w, http.StatusNotFound, "receipt_not_found", "There is no such receipt.")
		return
	}
	rec := h.receipts[i]
	if rec.asked++; rec.asked <= h.PendingFor {
		n := rec.counts["received"]
		answer(w, http.StatusOK, map[string]any{"receipt": strconv.Itoa(i), "status": "pending", "counts": map[string]int{"received": n, "pending": n}, "events": []any{}})
		return
	}
	answer(w, http.StatusOK, map[string]any{"receipt": strconv.Itoa(i), "status": "settled", "counts": rec.counts, "events": rec.events})
}

// Problem answers with a problem document. Its correlation ID is "correlation-1".
func Problem(w http.ResponseWriter, status int, code, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{
		"type": "about:blank", "title": http.StatusText(status), "status": status, "code": code, "detail": detail, "correlation_id": "correlation-1",
	})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
