package safehttp

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/netip"

	"code.dny.dev/ssrf"
)

// Take treats one network as if it were public, and trusts a certificate (or nil), so that a test can have a public server of its own.
func (c *Client) Take(network netip.Prefix, certificate *x509.Certificate) {
	c.guard = ssrf.New(ssrf.WithAnyPort(), ssrf.WithAllowedV4Prefixes(network))
	if certificate == nil {
		return
	}
	roots := x509.NewCertPool()
	roots.AddCert(certificate)
	c.http.Transport.(*http.Transport).TLSClientConfig = &tls.Config{RootCAs: roots, ServerName: "example.com", MinVersion: tls.VersionTLS12}
}
