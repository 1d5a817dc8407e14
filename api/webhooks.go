package api

import (
	"io"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/observatory/observatory/internal/fault"
)

// maxWebhook is the size of the largest webhook that is read, in bytes. Those of payment providers have a few KB.
const maxWebhook = 256 << 10

// routeWebhooks serves what providers call. They have no account here: their signature is all that lets them in.
func (s *server) routeWebhooks(e *echo.Echo) {
	e.POST("/webhooks/stripe", s.paymentWebhook)
}

// paymentWebhook writes a webhook down and answers. What it means is looked into later, so the provider never waits; where it could not be
// written down, the answer is an error, and the provider sends it again.
func (s *server) paymentWebhook(c echo.Context) error {
	r := c.Request()
	body, err := io.ReadAll(http.MaxBytesReader(c.Response(), r.Body, maxWebhook))
	if err != nil {
		return fault.New(fault.TooLarge, "webhook_too_large", "A webhook has at most %d bytes.", maxWebhook).Because(err)
	}
	if err := s.deps.Payment.Bell(r.Context(), body, r.Header.Get("Stripe-Signature")); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}
