package kafkalog

import (
	"errors"
	"net"
	"net/url"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

// ErrBrokers is returned for what names no brokers.
var ErrBrokers = errors.New("brokers are host:port, or several with commas between, with kafka:// or (for TLS) kafkas:// and user:password@ before them where needed")

// ParseBrokers reads a list of brokers, and how to talk to them: with kafkas:// over TLS, with a name and password by SCRAM-SHA-512. The two are
// encoded as in URLs. Errors: ErrBrokers.
func ParseBrokers(text string) (brokers []string, options []kgo.Opt, err error) {
	hosts, secure := strings.CutPrefix(text, "kafkas://")
	if secure {
		options = append(options, kgo.DialTLS())
	} else {
		hosts = strings.TrimPrefix(hosts, "kafka://")
	}
	if at := strings.LastIndex(hosts, "@"); at >= 0 && hosts != text {
		u, err := url.Parse("kafka://" + hosts[:at] + "@host")
		if err != nil {
			return nil, nil, ErrBrokers // without err, which holds the password
		}
		password, _ := u.User.Password()
		options = append(options, kgo.SASL(scram.Auth{User: u.User.Username(), Pass: password}.AsSha512Mechanism()))
		hosts = hosts[at+1:]
	}
	brokers = strings.Split(hosts, ",")
	for _, broker := range brokers {
		if host, port, err := net.SplitHostPort(broker); err != nil || host == "" || port == "" {
			return nil, nil, ErrBrokers
		}
	}
	return brokers, options, nil
}
