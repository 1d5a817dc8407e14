package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/observatory/observatory/api/gen"
	"github.com/observatory/observatory/ingest"
)

// keepAlive is how often a quiet stream says something, so that nobody in between closes it.
const keepAlive = 15 * time.Second

// stream sends a tenant's events as they are stored (server-sent events, https://html.spec.whatwg.org/multipage/server-sent-events.html).
func (s *server) stream(c echo.Context) error {
	it := callOf(c)
	tenant := it.principal.Tenant
	w := c.Response()
	control := http.NewResponseController(w)
	// The stream has no end, so neither reading nor writing has a deadline.
	_ = control.SetReadDeadline(time.Time{})
	_ = control.SetWriteDeadline(time.Time{})
	h := w.Header()
	h.Set(echo.HeaderContentType, "text/event-stream")
	h.Set(echo.HeaderCacheControl, "no-store")
	h.Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)

	watcher, stop := s.deps.Live.Watch(tenant, c.QueryParam("event"))
	defer stop()
	tick := time.NewTicker(keepAlive)
	defer tick.Stop()
	if _, err := fmt.Fprint(w, ": the stream begins\n\n"); err != nil {
		return nil //nolint:nilerr // the reader is gone
	}
	for {
		w.Flush()
		var err error
		select {
		case <-c.Request().Context().Done():
			return nil
		case <-tick.C:
			s.egress(c, it)
			_, err = fmt.Fprint(w, ": still here\n\n")
		case e, ok := <-watcher.Events:
			if !ok {
				return nil
			}
			err = s.sendLive(w, watcher, e)
		}
		if err != nil {
			return nil //nolint:nilerr // the reader is gone
		}
	}
}

// sendLive sends an event and what has gathered behind it.
func (s *server) sendLive(w *echo.Response, watcher *ingest.Watcher, e ingest.LiveEvent) error {
	for {
		body, err := json.Marshal(s.liveOut(e))
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w, "event: event\ndata: %s\n\n", body); err != nil {
			return err
		}
		select {
		case next, ok := <-watcher.Events:
			if !ok {
				return nil
			}
			e = next
			continue
		default:
		}
		if missed := watcher.Missed(); missed > 0 {
			_, err := fmt.Fprintf(w, "event: missed\ndata: {\"count\": %d}\n\n", missed)
			return err
		}
		return nil
	}
}

func (s *server) liveOut(e ingest.LiveEvent) gen.Event {
	return gen.Event{
		EventId: string(e.ID), Event: string(e.Name), Type: gen.EventType(e.Type.String()), Time: e.Time, ReceivedAt: e.ReceivedAt,
		UserId: string(e.UserID), AnonymousId: string(e.AnonymousID), SessionId: string(e.SessionID), SourceId: uuid.UUID(e.Source),
		Properties: objectOut(e.Properties), Context: objectOut(e.Context), Facts: objectOut(e.Facts),
		Bot: string(e.Bot), SdkName: string(e.Client.Name), SdkVersion: string(e.Client.Version), CorrelationId: e.CorrelationID,
		Receipt: s.deps.Books.SealedReceipt(e.Tenant, e.Receipt),
	}
}
