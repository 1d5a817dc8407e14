package redact

import (
	_ "embed"
	"encoding/json"
	"slices"
)

// detector finds one kind of personal data or credential in texts.
type detector struct {
	name     string
	about    string // one sentence for people
	examples []string
	find     []finder                            // what of it is found where two find the same is the first one's
	mask     func(found []byte, keep int) string // nil: Redacted
	actions  []Action                            // that make sense beside drop, mask, hash, tokenise and allow
	numbers  bool                                // JSON numbers may be one
	versions bool                                // what it finds may be a version of four numbers
}

// finder finds one form of what a detector looks for.
type finder struct {
	needs traits                                       // the least that a text has which holds any
	find  func(text []byte, from int) (start, end int) // the first that begins at from or later; -1 when there is none
}

// finds tells whether there is anything in a text.
func (d *detector) finds(text []byte, t traits) bool {
	for i := range d.find {
		f := &d.find[i]
		if !t.meets(&f.needs) {
			continue
		}
		if start, _ := f.find(text, 0); start >= 0 {
			return true
		}
	}
	return false
}

// is tells whether the whole of a text is what the detector looks for.
func (d *detector) is(text []byte, t traits) bool {
	for i := range d.find {
		f := &d.find[i]
		if !t.meets(&f.needs) {
			continue
		}
		if start, end := f.find(text, 0); start == 0 && end == len(text) {
			return true
		}
	}
	return false
}

func (d *detector) masked(found []byte, keep int) string {
	if d.mask == nil {
		return Redacted
	}
	return d.mask(found, keep)
}

func (d *detector) takes(a Action) bool {
	return a != truncate && a != generalise || slices.Contains(d.actions, a)
}

func (d *detector) advice(a Action) string {
	if a == truncate {
		return "IP addresses and coordinates can be truncated; use mask or drop."
	}
	return "Ages and dates can be generalised, by a path or key rule; use mask or drop."
}

// detectors are all that there are, in the order in which the documentation lists them.
var detectors = []*detector{ //nolint:gochecknoglobals // a constant table
	{
		name: "email", about: "E-mail addresses, also percent-encoded in URLs.", examples: []string{"ada@example.com", "ada%2Bnews%40example.com"},
		find: []finder{{traits{bits: atSign | dot}, findEmail}}, mask: maskEmail,
	},
	{
		name: "phone", about: "Telephone numbers: international ones, and national ones as they are usually written.", examples: []string{"+49 30 901820", "(212) 555-0147"},
		find: []finder{{traits{chain: 7}, findPhone}}, mask: maskNumber,
	},
	{
		name: "card", about: "Payment card numbers: prefix and length of an issuer, and a Luhn check digit.", examples: []string{"4111 1111 1111 1111"},
		find: []finder{{traits{chain: 14}, findCard}}, mask: maskNumber, numbers: true,
	},
	{
		name: "iban", about: "International bank account numbers with the length of their country and right check digits.", examples: []string{"DE89 3704 0044 0532 0130 00"},
		find: []finder{{traits{bits: letter, digits: 4}, findIBAN}}, mask: maskNumber,
	},
	{
		name: "national_id", about: "Numbers of persons: " + nationalIDNames() + ".", examples: []string{"219-09-9999", "AB123456C", "12345678Z"},
		find: []finder{{traits{digits: 6}, findNationalID}}, mask: maskNumber, numbers: true,
	},
	{
		name: "ipv4", about: "IPv4 addresses, but for loopback ones and versions.", examples: []string{"203.0.113.7"},
		find: []finder{{traits{bits: dot, digits: 4}, findIPv4}}, mask: maskAll, actions: []Action{truncate}, versions: true,
	},
	{
		name: "ipv6", about: "IPv6 addresses, but for loopback ones.", examples: []string{"2001:db8:85a3::8a2e:370:7334"},
		find: []finder{{traits{bits: colon}, findIPv6}}, mask: maskAll, actions: []Action{truncate},
	},
	{
		name: "ip", about: "Addresses of both kinds.", examples: []string{"203.0.113.7", "2001:db8::1"},
		find: []finder{{traits{bits: colon}, findIPv6}, {traits{bits: dot, digits: 4}, findIPv4}}, mask: maskAll, actions: []Action{truncate}, versions: true,
	},
	{
		name: "jwt", about: "JSON web tokens.", examples: []string{"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"},
		find: []finder{{traits{bits: dot, word: minWord}, findJWT}},
	},
	{
		name: "api_key", about: "Keys of well-known services by their prefixes, and private keys in PEM form.", examples: []string{"sk_live_…", "AKIA…", "ghp_…", "-----BEGIN PRIVATE KEY-----"},
		find: []finder{{traits{word: minWord}, findAPIKey}},
	},
	{
		name: "bearer", about: "Tokens behind Bearer and Basic, in parameters of URLs such as access_token, and user and password before the host of a URL.",
		examples: []string{"Authorization: Bearer 2YotnFZFEjr1zCsicMWpAA", "?access_token=2YotnFZFEjr1zCsicMWpAA", "https://ada:secret@example.com"},
		find: []finder{
			{traits{bits: equals}, findParameter},
			{traits{bits: colon | atSign}, findUserInfo},
			{traits{bits: space | letter}, findScheme},
		},
	},
	{
		name: "coordinates", about: "Pairs of latitude and longitude with four or more decimal places.", examples: []string{"52.520008, 13.404954"},
		find: []finder{{traits{bits: dot, digits: 8}, findCoordinates}}, mask: maskAll, actions: []Action{truncate},
	},
}

// Detector is what people are told of a detector.
type Detector struct {
	Name     string
	Finds    string   // one sentence
	Examples []string // that it finds
	// Precision and Recall are its figures on the labelled set in testdata, 0 to 1.
	Precision, Recall float64
	Actions           []Action // that go with it
}

// figures are what the test on the labelled set has measured: for each detector precision and recall.
//
//go:embed figures.json
var figures []byte

// Detectors are all detectors, in the order of the documentation.
func Detectors() []Detector {
	var measured map[string][2]float64
	_ = json.Unmarshal(figures, &measured) // a test reads it
	out := make([]Detector, len(detectors))
	for i, d := range detectors {
		out[i] = Detector{Name: d.name, Finds: d.about, Examples: slices.Clone(d.examples)}
		out[i].Precision, out[i].Recall = measured[d.name][0], measured[d.name][1]
		for _, a := range actions() {
			if d.takes(a) {
				out[i].Actions = append(out[i].Actions, a)
			}
		}
	}
	return out
}

// Telling tells whether a text holds what the default policy forbids. It is for texts that belong to no tenant, such as the correlation
// ID of a request.
func Telling(text string) bool {
	v := view{text: []byte(text)}
	for range maxLayers + 1 {
		t := look(v.text)
		for _, d := range detectors {
			switch d.name {
			case "email", "card", "ip", "jwt", "api_key", "bearer":
				if d.finds(v.text, t) {
					return true
				}
			}
		}
		var inner view
		if t.bits&(percent|backslash) == 0 || !inner.decode(v) {
			return false
		}
		v = inner
	}
	return false
}

func detectorNamed(name string) *detector {
	for _, d := range detectors {
		if d.name == name {
			return d
		}
	}
	return nil
}

func detectorNames() []string {
	names := make([]string, len(detectors))
	for i, d := range detectors {
		names[i] = d.name
	}
	return names
}

func maskAll([]byte, int) string { return "***" }
