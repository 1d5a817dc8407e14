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
	may      func(traits) bool // whether a text can hold any, as quick as can be
	find     []finder
	mask     func(found []byte, keep int) string // nil: Redacted
	actions  []Action                            // that make sense beside drop, mask, hash, tokenise and allow
	numbers  bool                                // JSON numbers may be one
	versions bool                                // what it finds may be a version of four numbers
}

// finder finds the first part of a text that begins at from or later; -1 when there is none.
type finder func(text []byte, from int) (start, end int)

// finds tells whether there is anything in a text.
func (d *detector) finds(text []byte) bool {
	for _, find := range d.find {
		if start, _ := find(text, 0); start >= 0 {
			return true
		}
	}
	return false
}

// is tells whether the whole of a text is what the detector looks for.
func (d *detector) is(text []byte) bool {
	for _, find := range d.find {
		if start, end := find(text, 0); start == 0 && end == len(text) {
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
		may: func(t traits) bool { return t.bits&atSign != 0 && t.bits&dot != 0 }, find: []finder{findEmail}, mask: maskEmail,
	},
	{
		name: "phone", about: "Telephone numbers: international ones, and national ones as they are usually written.", examples: []string{"+49 30 901820", "(212) 555-0147"},
		may: func(t traits) bool { return t.chain >= 7 }, find: []finder{findPhone}, mask: maskNumber,
	},
	{
		name: "card", about: "Payment card numbers: prefix and length of an issuer, and a Luhn check digit.", examples: []string{"4111 1111 1111 1111"},
		may: func(t traits) bool { return t.chain >= 14 }, find: []finder{findCard}, mask: maskNumber, numbers: true,
	},
	{
		name: "iban", about: "International bank account numbers with the length of their country and right check digits.", examples: []string{"DE89 3704 0044 0532 0130 00"},
		may: func(t traits) bool { return t.digits >= 4 && t.bits&letter != 0 }, find: []finder{findIBAN}, mask: maskNumber,
	},
	{
		name: "national_id", about: "Numbers of persons: " + nationalIDNames() + ".", examples: []string{"219-09-9999", "AB123456C", "12345678Z"},
		may: func(t traits) bool { return t.digits >= 6 }, find: []finder{findNationalID}, mask: maskNumber, numbers: true,
	},
	{
		name: "ipv4", about: "IPv4 addresses, but for loopback ones and versions.", examples: []string{"203.0.113.7"},
		may: mayIPv4, find: []finder{findIPv4}, mask: maskAll, actions: []Action{truncate}, versions: true,
	},
	{
		name: "ipv6", about: "IPv6 addresses, but for loopback ones.", examples: []string{"2001:db8:85a3::8a2e:370:7334"},
		may: mayIPv6, find: []finder{findIPv6}, mask: maskAll, actions: []Action{truncate},
	},
	{
		name: "ip", about: "Addresses of both kinds.", examples: []string{"203.0.113.7", "2001:db8::1"},
		may: func(t traits) bool { return mayIPv4(t) || mayIPv6(t) }, find: []finder{findIPv6, findIPv4}, mask: maskAll, actions: []Action{truncate}, versions: true,
	},
	{
		name: "jwt", about: "JSON web tokens.", examples: []string{"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"},
		may: func(t traits) bool { return t.word >= 8 && t.bits&dot != 0 }, find: []finder{findJWT},
	},
	{
		name: "api_key", about: "Keys of well-known services by their prefixes, and private keys in PEM form.", examples: []string{"sk_live_…", "AKIA…", "ghp_…", "-----BEGIN PRIVATE KEY-----"},
		may: func(t traits) bool { return t.word >= 16 }, find: []finder{findAPIKey},
	},
	{
		name: "bearer", about: "Tokens behind Bearer and Basic, in parameters of URLs such as access_token, and user and password before the host of a URL.",
		examples: []string{"Authorization: Bearer 2YotnFZFEjr1zCsicMWpAA", "?access_token=2YotnFZFEjr1zCsicMWpAA", "https://ada:secret@example.com"},
		may: func(t traits) bool {
			return t.bits&equals != 0 || t.bits&colon != 0 && t.bits&atSign != 0 || t.word >= 8
		}, find: []finder{findParameter, findUserInfo, findScheme},
	},
	{
		name: "coordinates", about: "Pairs of latitude and longitude with four or more decimal places.", examples: []string{"52.520008, 13.404954"},
		may: func(t traits) bool { return t.digits >= 8 && t.bits&dot != 0 }, find: []finder{findCoordinates}, mask: maskAll, actions: []Action{truncate},
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
var figures []byte //nolint:gochecknoglobals // a constant

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
				if d.may(t) && d.finds(v.text) {
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
