package api

import (
	"mime"
	"net/url"
	"slices"

	"github.com/labstack/echo/v4"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/wire"
	"github.com/observatory/observatory/internal/fault"
)

var errPayloadType = fault.New(fault.Invalid, codeUnsupportedMediaType, "Send the payload as application/avro, application/x-protobuf or application/vnd.observatory.payload. JSON events go to /v1/events.")

// ingestPayload takes one event whose properties are the body: a payload in Avro or Protobuf, framed with the schema it was written with.
// Which of the two it is, the schema says, whatever the content type.
func (s *server) ingestPayload(c echo.Context) error {
	r := c.Request()
	switch kind, _, _ := mime.ParseMediaType(r.Header.Get(echo.HeaderContentType)); kind {
	case "application/avro", "application/x-protobuf", "application/vnd.observatory.payload":
	default:
		return errPayloadType
	}
	name, err := url.PathUnescape(c.Param("event"))
	if r.URL.RawPath == "" { // it is unescaped already
		name, err = c.Param("event"), nil
	}
	if err != nil {
		return fault.New(fault.Invalid, "invalid_request", "The event's name in the path is not escaped as it should be.").Because(err)
	}
	query := r.URL.Query()
	event := wire.Fields{
		Event: []byte(name), EventID: []byte(query.Get("event_id")), UserID: []byte(query.Get("user_id")), AnonymousID: []byte(query.Get("anonymous_id")),
		SessionID: []byte(query.Get("session_id")), Timestamp: []byte(query.Get("timestamp")),
	}
	for parameter := range query {
		switch parameter {
		case "event_id", "user_id", "anonymous_id", "session_id", "timestamp", "wait", "ack":
		default:
			return fault.New(fault.Invalid, "invalid_request", "%q is not a parameter. The properties go into the payload.", parameter)
		}
	}
	return s.receive(c, func(d *wire.Decoder, body []byte) (*ingest.Batch, error) {
		if event.Payload = body; body == nil {
			event.Payload = []byte{}
		}
		return d.DecodeFields(slices.Values([]wire.Fields{event}))
	})
}
