package api

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

// A request of a stream that makes the server panic costs itself, and not the server: it is worked on beside the handler.
func TestStreamOutlivesAPanic(t *testing.T) {
	t.Parallel()
	s := &server{bodies: newBodies(1 << 20), deps: Deps{Logger: slog.New(slog.DiscardHandler)}} // without keys to ask for
	p := &publishing{server: s, it: &rpcCall{call: &call{correlationID: "c-1"}, request: httptest.NewRequest(http.MethodPost, "/", nil), token: "obs_x"}}
	ack := p.answer(t.Context(), &rpcMessage{})
	require.Equal(t, int32(13), ack.GetError().GetCode(), "internal")
	require.Zero(t, s.bodies.held.Load())
}
