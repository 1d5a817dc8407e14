package main

import (
	"net/url"

	"github.com/observatory/observatory/analytics/analyticspg"
	"github.com/observatory/observatory/analytics/notify"
	"github.com/observatory/observatory/analytics/notify/safehttp"
	"github.com/observatory/observatory/tenants"
)

// notifying tells people of incidents.
type notifying struct {
	service   *notify.Service
	escalator *notify.Escalator
	courier   *notify.Courier
}

func newNotifying(n *node, public *url.URL, mailer tenants.Mailer) (notifying, error) {
	sealer, err := notify.NewSealer(n.cfg.SecretKey)
	if err != nil {
		return notifying{}, err
	}
	store := analyticspg.New(n.postgres).Notify()
	client := safehttp.New(safehttp.Config{AllowPrivate: n.cfg.AllowPrivateWebhooks})
	if n.cfg.AllowPrivateWebhooks {
		n.logger.Warn("webhooks may call private addresses; this is for development only")
	}
	return notifying{
		service:   notify.NewService(notify.ServiceDeps{Store: store, Mailer: mailer, HTTP: client, Seal: sealer, PublicURL: public, Now: n.now}),
		escalator: notify.NewEscalator(store, n.now),
		courier: notify.NewCourier(notify.CourierDeps{
			Store: store, Mailer: mailer, HTTP: client, Seal: sealer, PublicURL: public, Log: n.logger, Now: n.now,
		}),
	}, nil
}
