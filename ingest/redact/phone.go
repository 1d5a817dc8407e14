package redact

import (
	"bytes"
	"strings"
)

// callingCodes are the country codes of ITU-T E.164.
const callingCodes = " 1 7 20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82 84 86 90 91 92 93 94 95 98 " +
	"211 212 213 216 218 220 221 222 223 224 225 226 227 228 229 230 231 232 233 234 235 236 237 238 239 240 241 242 243 244 245 246 248 249 250 251 252 253 254 255 " +
	"256 257 258 260 261 262 263 264 265 266 267 268 269 290 291 297 298 299 350 351 352 353 354 355 356 357 358 359 370 371 372 373 374 375 376 377 378 380 381 382 " +
	"383 385 386 387 389 420 421 423 500 501 502 503 504 505 506 507 508 509 590 591 592 593 594 595 596 597 598 599 670 672 673 674 675 676 677 678 679 680 681 682 " +
	"683 685 686 687 688 689 690 691 692 850 852 853 855 856 880 886 960 961 962 963 964 965 966 967 968 970 971 972 973 974 975 976 977 992 993 994 995 996 998 "

// phone is a candidate: groups of digits with little between them.
type phone struct {
	digits [20]byte
	n      int
	groups []int // digits in each
	ends   []int // where each ends
	joints []byte
	// the memory of the three
	groupsOf, endsOf [8]int
	jointsOf         [8]byte
}

// findPhone finds a telephone number: with + or 00 and a country code; as North Americans write theirs; with a trunk 0 and in groups, or as a
// mobile number of some countries; or any that stands behind a word such as tel.
func findPhone(text []byte, from int) (start, end int) {
	for i := from; i < len(text); i++ {
		c := text[i]
		next := after(text, i+1)
		begins := isDigit(c) || (c == '+' || c == '(') && isDigit(next) || c == '(' && next == '+'
		if !begins {
			continue
		}
		b := before(text, i)
		inside := isAlnum(b) || b == '_' || b == '+' || (b == '.' || b == '-' || b == ':' || b == ',' || b == '/') && i >= 2 && isDigit(text[i-2])
		inside = inside || c != '+' && c != '(' && goesOn(text, i)
		var p phone
		p.read(text, i)
		if !inside && p.n >= 7 {
			if end := p.end(text, i); end > 0 {
				return i, end
			}
		}
		for i+1 < len(text) && isDigit(text[i+1]) { // the next group may begin one
			i++
		}
	}
	return -1, -1
}

// goesOn tells whether the digits at i belong to groups that begin before them.
func goesOn(text []byte, i int) bool {
	begin := i
	for begin > 0 && i-begin < 3 && class[text[begin-1]]&joint != 0 {
		begin--
	}
	return begin < i && begin > 0 && isDigit(text[begin-1])
}

// read collects the groups of digits from i on.
func (p *phone) read(text []byte, i int) {
	p.groups, p.ends, p.joints = p.groupsOf[:0], p.endsOf[:0], p.jointsOf[:0]
	for len(p.groups) < len(p.groupsOf) {
		begin := i
		for i < len(text) && !isDigit(text[i]) && class[text[i]]&joint != 0 && i-begin < 3 {
			if text[i] == '+' && i > 0 && begin != 0 && len(p.groups) > 0 {
				return
			}
			i++
		}
		size := i
		for size < len(text) && isDigit(text[size]) {
			size++
		}
		if size == i || p.n+size-i > len(p.digits) || isAlpha(after(text, size)) || after(text, size) == '_' {
			return
		}
		if len(p.groups) > 0 {
			p.joints = append(p.joints, text[begin])
		}
		p.n += copy(p.digits[p.n:], text[i:size])
		p.groups = append(p.groups, size-i)
		p.ends = append(p.ends, size)
		i = size
	}
}

// end is where the number ends that begins at i; 0 when there is none.
func (p *phone) end(text []byte, i int) int {
	d := p.digits[:p.n]
	plus := text[i] == '+' || text[i] == '(' && after(text, i+1) == '+'
	switch {
	case plus:
		return p.international(d, 0)
	case d[0] == '0' && d[1] == '0' && p.groups[0] > 1:
		if p.n >= 12 {
			return p.international(d, 2)
		}
		return 0
	case behindPhoneWord(text, i):
		return p.fitting(7, 15)
	}
	if end := p.northAmerican(text); end > 0 {
		return end
	}
	return p.trunk(d)
}

// international checks the country code behind skip digits, and takes as many groups as a number may have.
func (p *phone) international(d []byte, skip int) int {
	for n := 1; n <= 3 && skip+n <= len(d); n++ {
		if strings.Contains(callingCodes, " "+string(d[skip:skip+n])+" ") {
			return p.fitting(skip+8, skip+15)
		}
	}
	return 0
}

// fitting is the end of the last group with which the number has between least and most digits; 0 when there is none.
func (p *phone) fitting(least, most int) int {
	n, end := 0, 0
	for g, size := range p.groups {
		if n += size; n > most {
			break
		}
		if n >= least {
			end = p.ends[g]
		}
	}
	return end
}

// northAmerican checks the form 212-555-0147, with or without a 1 before it.
func (p *phone) northAmerican(text []byte) int {
	g, d := p.groups, p.digits[:]
	ends := p.ends
	if len(g) >= 4 && g[0] == 1 && d[0] == '1' {
		g, d, ends = g[1:], d[1:], ends[1:]
	}
	if len(g) < 3 || g[0] != 3 || g[1] != 3 || g[2] != 4 || d[0] < '2' || d[3] < '2' || d[1] == '1' && d[2] == '1' {
		return 0
	}
	if len(g) > 3 && (after(text, ends[2]) == '-' || after(text, ends[2]) == '.') {
		return 0 // it goes on: something else
	}
	return ends[2]
}

// trunk checks national numbers that begin with 0.
func (p *phone) trunk(d []byte) int {
	if d[0] != '0' || d[1] == '0' {
		return 0
	}
	if len(p.groups) == 1 || p.groups[0] >= 9 {
		n := p.groups[0]
		mobile := n == 11 && d[1] == '7' || n == 10 && (d[1] == '6' || d[1] == '7') || (n == 11 || n == 12) && d[1] == '1' && d[2] >= '5' && d[2] <= '7'
		if mobile {
			return p.ends[0]
		}
		return 0
	}
	if p.groups[0] == 1 || p.isDate() {
		return 0
	}
	for _, j := range p.joints {
		if j == '.' && p.groups[0] > 2 || j == '+' {
			return 0 // a decimal number
		}
	}
	return p.fitting(9, 12)
}

// isDate tells whether the number begins as 01.02.2026 or 01/02/26 does.
func (p *phone) isDate() bool {
	g := p.groups
	return len(g) >= 3 && g[0] == 2 && g[1] == 2 && (g[2] == 4 || len(g) == 3 && g[2] == 2) && p.joints[0] == p.joints[1] && p.joints[0] != ' '
}

// behindPhoneWord tells whether a word before i says that a telephone number follows.
func behindPhoneWord(text []byte, i int) bool {
	words := bytes.TrimRight(text[max(0, i-24):i], " :=.#\"'(")
	begin := len(words)
	for begin > 0 && isAlpha(words[begin-1]) {
		begin--
	}
	word := strings.ToLower(string(words[begin:]))
	return word != "" && strings.Contains(" tel phone telephone telefon mobile cell fax whatsapp sms handy mobil call telefono telefoon ", " "+word+" ")
}
