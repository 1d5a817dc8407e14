package redact

import (
	"bytes"
	"encoding/base64"
	"strings"
)

// findJWT finds a JSON web token (RFC 7519), also one whose end is cut off: eyJ is how {" begins in base 64.
func findJWT(text []byte, from int) (start, end int) {
	for i := from; i < len(text); {
		at := bytes.Index(text[i:], []byte("eyJ"))
		if at < 0 {
			return -1, -1
		}
		at += i
		end := at
		parts := 1
		for end < len(text) && (isWord(text[end]) || text[end] == '.') {
			if text[end] == '.' {
				parts++
			}
			end++
		}
		i = end
		if !isWord(before(text, at)) && parts >= 2 && parts <= 6 && isJWTHeader(text[at:end]) {
			return at, end
		}
	}
	return -1, -1
}

func isJWTHeader(token []byte) bool {
	header, rest, _ := bytes.Cut(token, []byte("."))
	if len(header) < 12 || len(rest) < 4 {
		return false
	}
	head := header[:len(header)&^3]
	decoded := make([]byte, base64.RawURLEncoding.DecodedLen(len(head)))
	n, err := base64.RawURLEncoding.Decode(decoded, head)
	return err == nil && bytes.HasPrefix(decoded[:n], []byte(`{"`))
}

// keyPrefix is how the keys of a service begin, and how many characters follow at least.
type keyPrefix struct {
	prefix string
	more   int
}

var keyPrefixes = []keyPrefix{ //nolint:gochecknoglobals // a constant table
	{"sk_live_", 16},
	{"sk_test_", 16},
	{"rk_live_", 16},
	{"rk_test_", 16},
	{"whsec_", 16},
	{"AKIA", 16},
	{"ASIA", 16},
	{"ghp_", 30},
	{"gho_", 30},
	{"ghu_", 30},
	{"ghs_", 30},
	{"ghr_", 30},
	{"github_pat_", 22},
	{"glpat-", 20},
	{"xoxb-", 10},
	{"xoxp-", 10},
	{"xoxa-", 10},
	{"xoxr-", 10},
	{"xoxs-", 10},
	{"xapp-", 10},
	{"AIza", 35},
	{"ya29.", 20},
	{"GOCSPX-", 20},
	{"SG.", 30},
	{"key-", 32},
	{"npm_", 30},
	{"pypi-", 30},
	{"dop_v1_", 40},
	{"hf_", 30},
	{"shpat_", 30},
	{"shpss_", 30},
	{"sk-ant-", 20},
	{"sk-proj-", 20},
	{"sk-", 32},
	{"sq0csp-", 20},
	{"sq0atp-", 20},
	{"NRAK-", 20},
	{"dapi", 32},
}

// findAPIKey finds the keys of well-known services, and private keys.
func findAPIKey(text []byte, from int) (start, end int) {
	for i := from; i+14 <= len(text); i++ {
		if !isWord(text[i]) {
			continue
		}
		if end := apiKeyEnd(text, i); end > 0 && (text[i] == '-' || !isWord(before(text, i))) {
			return i, end
		}
		for i < len(text) && isWord(text[i]) {
			i++
		}
	}
	return -1, -1
}

// apiKeyEnd is where the key ends that begins at i; 0 when there is none.
func apiKeyEnd(text []byte, i int) int {
	switch text[i] {
	case '-':
		return pemEnd(text, i)
	case 's', 'r', 'w', 'A', 'g', 'x', 'y', 'G', 'S', 'k', 'n', 'p', 'd', 'h', 'N':
		for _, p := range keyPrefixes {
			body := i + len(p.prefix)
			if !bytes.HasPrefix(text[i:], []byte(p.prefix)) {
				continue
			}
			if end := keyEnd(text, body); end-body >= p.more && random(text[body:end]) {
				return end
			}
		}
	}
	return 0
}

func keyEnd(text []byte, i int) int {
	for i < len(text) && (isWord(text[i]) || text[i] == '.' && isWord(after(text, i+1))) {
		i++
	}
	return i
}

// random tells whether a key has been thrown and not been written by hand, as in sk_live_xxxxxxxxxxxxxxxx or key-value-store-of-things.
func random(body []byte) bool {
	var seen [256]bool
	distinct, digits, capitals := 0, 0, 0
	for _, c := range body {
		if !seen[c] {
			seen[c] = true
			distinct++
		}
		switch k := class[c]; {
		case k&digit != 0:
			digits++
		case k&capital != 0:
			capitals++
		}
	}
	return distinct >= 7 && digits+capitals >= 2
}

// pemEnd is the end of a private key in PEM form that begins at i: its last line, or of the text when that is cut off; 0 when there is none.
func pemEnd(text []byte, i int) int {
	rest := text[i:]
	if !bytes.HasPrefix(rest, []byte("-----BEGIN ")) {
		return 0
	}
	head := rest[:min(len(rest), 60)]
	if !bytes.Contains(head, []byte("PRIVATE KEY")) {
		return 0
	}
	const tail = "PRIVATE KEY-----"
	last := bytes.Index(rest, []byte("-----END"))
	if last < 0 {
		return len(text)
	}
	if close := bytes.Index(rest[last:], []byte(tail)); close >= 0 {
		return i + last + close + len(tail)
	}
	return len(text)
}

// tokenParameters are the parameters of URLs that hold tokens and signatures, with the length from which on a value is taken for one.
var tokenParameters = map[string]int{ //nolint:gochecknoglobals // a constant table
	"access_token": 4, "id_token": 4, "refresh_token": 4, "auth_token": 4, "token": 6, "oauth_token": 4, "session_token": 4, "reset_token": 4,
	"api_key": 4, "apikey": 4, "api-key": 4, "key": 20, "sig": 8, "signature": 8, "secret": 4, "client_secret": 4, "password": 1, "passwd": 1, "pwd": 1,
	"jwt": 8, "bearer": 4, "authorization": 4, "session": 16, "sessionid": 8, "session_id": 16, "sid": 16, "phpsessid": 8, "jsessionid": 8, "ticket": 16,
	"x-amz-signature": 8, "x-amz-credential": 8, "x-amz-security-token": 8, "x-goog-signature": 8, "x-goog-credential": 8, "hmac": 8, "code_verifier": 8,
	"invite_token": 4, "magic_token": 4, "otp": 4,
}

// findParameter finds tokens in parameters of URLs.
func findParameter(text []byte, from int) (start, end int) {
	for i := from; ; i++ {
		next := bytes.IndexByte(text[i:], '=')
		if next < 0 {
			return -1, -1
		}
		i += next
		if start, end = parameter(text, i); start >= 0 {
			return start, end
		}
	}
}

// findUserInfo finds users with their passwords before the hosts of URLs.
func findUserInfo(text []byte, from int) (start, end int) {
	for i := from; ; i++ {
		next := bytes.Index(text[i:], []byte("://"))
		if next < 0 {
			return -1, -1
		}
		i += next
		if start, end = userInfo(text, i); start >= 0 {
			return start, end
		}
	}
}

// findScheme finds tokens behind the names of authentication schemes, as in the header Authorization.
func findScheme(text []byte, from int) (start, end int) {
	for i := from; ; i++ {
		next := bytes.IndexByte(text[i:], ' ')
		if next < 0 {
			return -1, -1
		}
		i += next
		if last := before(text, i) | 0x20; last != 'r' && last != 'c' {
			continue
		}
		if start, end = scheme(text, i); start >= 0 {
			return start, end
		}
	}
}

// parameter finds the token behind the equals sign at i.
func parameter(text []byte, i int) (start, end int) {
	begin := i
	for begin > 0 && i-begin < 24 && isWord(text[begin-1]) {
		begin--
	}
	if begin == i {
		return -1, -1
	}
	least, ok := tokenParameters[strings.ToLower(string(text[begin:i]))]
	if !ok {
		return -1, -1
	}
	start = i + 1
	for end = start; end < len(text); end++ {
		if c := text[end]; c == '&' || c == '#' || c == ';' || c == '"' || c == '\'' || c == '<' || c == '>' || c == ',' || isSpace(c) {
			break
		}
	}
	if end-start < least || string(text[start:end]) == Redacted {
		return -1, -1
	}
	return start, end
}

// userInfo finds user and password in a URL whose scheme ends at i: between :// and the @ before the host.
func userInfo(text []byte, i int) (start, end int) {
	start = i + len("://")
	host := -1
	pair := false
	for end = start; end < len(text) && end-start < 512; end++ {
		c := text[end]
		if c == '/' || c == '?' || c == '#' || c == '"' || c == '<' || c == '>' || isSpace(c) {
			break
		}
		if c == '@' {
			host = end
		}
		pair = pair || c == ':' && host < 0
	}
	if host <= start || !pair {
		return -1, -1
	}
	return start, host
}

// scheme finds what follows the name of an HTTP authentication scheme that ends at i.
func scheme(text []byte, i int) (start, end int) {
	begin := i
	for begin > 0 && isAlpha(text[begin-1]) && i-begin < 8 {
		begin--
	}
	if name := text[begin:i]; !bytes.EqualFold(name, []byte("bearer")) && !bytes.EqualFold(name, []byte("basic")) {
		return -1, -1
	}
	start = i
	for start < len(text) && isSpace(text[start]) {
		start++
	}
	for end = start; end < len(text); end++ {
		if c := text[end]; !isWord(c) && c != '.' && c != '~' && c != '+' && c != '/' && c != '=' {
			break
		}
	}
	for end > start && text[end-1] == '.' {
		end--
	}
	if n := end - start; n < 8 || !random(text[start:end]) && n < 24 {
		return -1, -1
	}
	return start, end
}
