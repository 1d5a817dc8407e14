package config

import (
	"errors"
	"fmt"
	"net"

	"github.com/spf13/pflag"
)

// Raw is a configuration as it was given, not checked yet.
type Raw struct {
	flags *pflag.FlagSet
}

// Bind adds the flags of all settings to flags.
func Bind(flags *pflag.FlagSet) *Raw {
	for _, s := range Settings() {
		if s.Secret {
			continue
		}
		flags.String(s.Name, s.Default, fmt.Sprintf("%s: %s [%s]", s.Purpose, s.Allowed, s.Variable()))
		if s.Bool {
			flags.Lookup(s.Name).NoOptDefVal = "true"
		}
	}
	return &Raw{flags: flags}
}

// Load checks every setting and reports all faults at once, one a line: name, given value, what is allowed. A flag wins
// over the environment, and an empty value is the same as none.
func (r *Raw) Load(getenv func(name string) string) (Config, error) {
	var (
		c      Config
		faults []error
	)
	for _, s := range Settings() {
		value, name := r.given(s, getenv)
		if value == "" {
			continue
		}
		if err := s.set(&c, value); err != nil {
			faults = append(faults, fmt.Errorf("%s is %s: it must be %s", name, s.show(value), s.Allowed))
		}
	}
	if c.ClockFile != "" && c.Environment == "production" {
		faults = append(faults, errors.New("OBSERVATORY_CLOCK_FILE moves the clock: OBSERVATORY_ENVIRONMENT must be something other than production"))
	}
	if len(faults) > 0 {
		return Config{}, errors.Join(faults...)
	}
	if c.PublicURL == "" {
		c.PublicURL = defaultPublicURL(c.HTTPAddr)
	}
	return c, nil
}

// given finds the value of a setting, and by which name it was given.
func (r *Raw) given(s Setting, getenv func(string) string) (value, name string) {
	if f := r.flags.Lookup(s.Name); f != nil && f.Changed && f.Value.String() != "" {
		return f.Value.String(), "--" + s.Name
	}
	if v := getenv(s.Variable()); v != "" {
		return v, s.Variable()
	}
	return s.Default, s.Variable()
}

// show is a refused value as it may be shown.
func (s Setting) show(value string) string {
	switch {
	case s.Secret:
		return "(hidden)"
	case s.URL:
		return withoutPassword(value)
	}
	return fmt.Sprintf("%q", value)
}

// defaultPublicURL is how a browser on the same machine reaches a server that listens on addr.
func defaultPublicURL(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "" // Load has checked it
	}
	if ip := net.ParseIP(host); host == "" || (ip != nil && (ip.IsUnspecified() || ip.IsLoopback())) {
		host = "localhost"
	}
	if port == "80" {
		return "http://" + host
	}
	return "http://" + net.JoinHostPort(host, port)
}
