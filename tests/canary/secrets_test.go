package canary_test

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"strings"
)

// Every secret that is sent holds one of these marks, and what may be left of it under the default policy does not: the domain of an
// address, the last four digits of a card, the network of an IP address.
const (
	word  = "cnryq7"   // begins every text
	digit = "42429917" // begins every card number
)

// forms are patterns of one secret each. They are looked for one after the other: a pattern that begins with fixed text is found many times
// faster than one of several alternatives.
type forms []*regexp.Regexp

// find returns where the first 20 of each form are.
func (f forms) find(text []byte) (found [][]int) {
	for _, form := range f {
		found = append(found, form.FindAllIndex(text, 20)...)
	}
	return found
}

// marks finds a secret in any form in which it may have come to lie somewhere: as it is, in groups, in base 64.
func marks() forms {
	var texts []string
	for _, text := range []string{word, digit} {
		texts = append(texts, text)
		for shift := range 3 {
			whole := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat(" ", shift) + text))
			texts = append(texts, regexp.QuoteMeta(whole[(shift*8+5)/6:(shift+len(text))*8/6])) // what does not depend on the neighbours
		}
	}
	texts = append(texts, `4242[ .-]9917`, `203\.[0-9]{1,2}\.[0-9]{1,3}\.137`, `2001:db8:77aa:[0-9a-f]{1,4}:`)
	all := make(forms, len(texts))
	for i, text := range texts {
		all[i] = regexp.MustCompile(text)
	}
	return all
}

// secrets makes secrets, each another one, and remembers what each was for.
type secrets struct {
	n      int
	places map[string]string // of what tells a secret from others
}

func (s *secrets) next(where string) string {
	s.n++
	id := fmt.Sprintf("%04d", s.n)
	s.places[id] = where
	return id
}

// kinds are the kinds of secrets, each with a text that holds a new one.
func (s *secrets) kinds() map[string]func(where string) string {
	return map[string]func(string) string{
		"email":        func(w string) string { return "mail " + word + s.next(w) + "@mail.example.com now" },
		"encoded mail": func(w string) string { return "https://x.example/u/" + word + s.next(w) + "%40mail.example.com?a=1" },
		"card":         func(w string) string { return s.card(w) },
		"card groups":  func(w string) string { c := s.card(w); return c[:4] + " " + c[4:8] + " " + c[8:12] + " " + c[12:] },
		"ipv4":         func(w string) string { s.next(w); return fmt.Sprintf("203.%d.%d.137", s.n/250, s.n%250) },
		"ipv6":         func(w string) string { return "2001:db8:77aa:" + strings.TrimLeft(s.next(w), "0") + "::cafe" },
		"jwt": func(w string) string {
			return "eyJhbGciOiJIUzI1NiJ9." + base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"`+word+s.next(w)+`"}`)) + ".c2lnbmF0dXJl"
		},
		"api key":  func(w string) string { return "sk_live_" + word + "Ab9X" + s.next(w) + "Zk3WmP" },
		"bearer":   func(w string) string { return "Bearer " + word + "Tq5" + s.next(w) + "XyZw" },
		"in a URL": func(w string) string { return "https://x.example/cb?access_token=" + word + s.next(w) + "&state=1#top" },
		"password": func(w string) string { return "https://ada:" + word + s.next(w) + "@x.example/path" },
	}
}

func (s *secrets) card(where string) string {
	number := digit + "000" + s.next(where)
	sum := 0
	for i := range number {
		v := int(number[len(number)-1-i] - '0')
		if i%2 == 0 {
			v = v*2/10 + v*2%10
		}
		sum += v
	}
	return number + fmt.Sprint((10-sum%10)%10)
}

// opaque is a secret that nothing tells from other text but the name that it stands behind.
func (s *secrets) opaque(where string) string { return word + "opaque" + s.next(where) }
