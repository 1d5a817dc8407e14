package main

import (
	"encoding/json"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/observatory/observatory/analytics/analyticsch"
	"github.com/observatory/observatory/analytics/people"
	"github.com/observatory/observatory/cmd/observatory/bridge"
	"github.com/observatory/observatory/privacy/certificate"
	"github.com/observatory/observatory/privacy/export"
	"github.com/observatory/observatory/privacy/privacych"
)

// prove makes what proves that requests were done, and gives people what there is about them.
func (a *answering) prove(n *node, public *url.URL) (err error) {
	a.proofs, err = certificate.New(certificate.Deps{
		Store: a.store, SecretKey: n.cfg.SecretKey, Issuer: certificate.Issuer{Name: public.String(), Version: version}, Now: n.now,
	})
	if err != nil {
		return err
	}
	known := people.New(people.Deps{Store: analyticsch.NewPeople(analyticsch.Config{Conn: n.events, Now: n.now}), Now: n.now})
	a.exports = export.New(export.Deps{
		Store: a.store, Records: privacych.NewRecords(n.events), Profiles: bridge.Profiles(known), Objects: n.objects, PublicURL: public, Now: n.now, Logger: n.logger,
	})
	return nil
}

func newCertificateKeysCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "certificate-keys", Short: "The keys that certificates of privacy requests are signed with"}
	cmd.AddCommand(
		withNode(&cobra.Command{
			Use: "list", Short: "List the keys, as they are published", Args: cobra.NoArgs,
		}, func(cmd *cobra.Command, n *node) error {
			keys, err := n.privacy.proofs.Keys(cmd.Context())
			if err != nil {
				return err
			}
			return json.NewEncoder(cmd.OutOrStdout()).Encode(keys.JWKS())
		}),
		withNode(&cobra.Command{
			Use: "rotate", Short: "Sign with a new key from now on", Args: cobra.NoArgs,
			Long: "Signs certificates with a new key from now on. The keys before stay published, so that what they have signed can be verified for good.",
		}, func(cmd *cobra.Command, n *node) error { return n.privacy.proofs.Rotate(cmd.Context()) }),
	)
	return cmd
}
