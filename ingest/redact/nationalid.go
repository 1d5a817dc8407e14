package redact

import (
	"bytes"
	"strings"
)

// nationalID is a number that a state gives to persons. In its layouts d stands for a digit, A for a letter, N for either; anything else for
// itself, a space also for what else may separate groups.
type nationalID struct {
	name    string
	layouts []string
	valid   func(chars []byte) bool // letters and digits in a row, in capitals
}

var nationalIDs = []nationalID{ //nolint:gochecknoglobals // a constant table
	{"US social security number", []string{"ddd-dd-dddd", "ddd dd dddd"}, isSSN},
	{"UK national insurance number", []string{"AAddddddA", "AA dd dd dd A"}, isNINO},
	{"German tax ID", []string{"ddddddddddd", "dd ddd ddd ddd"}, isSteuerID},
	{"French NIR", []string{"ddddddddddddddd", "ddddddNdddddddd", "d dd dd dN ddd ddd dd", "ddddddddddddd dd"}, isNIR},
	{"Spanish DNI and NIE", []string{"ddddddddA", "dddddddd-A", "dd.ddd.ddd-A", "AdddddddA", "A-ddddddd-A"}, isDNI},
	{"Italian codice fiscale", []string{"AAAAAANNANNANNNA"}, isCodiceFiscale},
	{"Belgian national number", []string{"dd.dd.dd-ddd.dd"}, isBelgian},
	{"Swedish personal number", []string{"dddddd-dddd", "dddddddd-dddd"}, isSwedish},
	{"Finnish personal code", []string{"dddddd-dddN", "ddddddAdddN"}, isFinnish},
	{"Swiss AHV number", []string{"ddd.dddd.dddd.dd", "ddddddddddddd"}, isAHV},
	{"Brazilian CPF", []string{"ddd.ddd.ddd-dd"}, isCPF},
}

func nationalIDNames() string {
	names := make([]string, len(nationalIDs))
	for i := range nationalIDs {
		names[i] = nationalIDs[i].name
	}
	return strings.Join(names, ", ")
}

// findNationalID finds the number of a person in any of the layouts, with right check digits where it has any.
func findNationalID(text []byte, from int) (start, end int) {
	for i := from; i+9 <= len(text); i++ {
		if !isAlnum(text[i]) || isWord(before(text, i)) || before(text, i) == '.' && i >= 2 && isDigit(text[i-2]) {
			continue
		}
		for k := range nationalIDs {
			for _, layout := range nationalIDs[k].layouts {
				if end := layoutEnd(text, i, layout, nationalIDs[k].valid); end > 0 {
					return i, end
				}
			}
		}
	}
	return -1, -1
}

func layoutEnd(text []byte, i int, layout string, valid func([]byte) bool) int {
	var chars [24]byte
	n := 0
	for k := range len(layout) {
		c := after(text, i)
		ok := false
		switch layout[k] {
		case 'd':
			ok = isDigit(c)
		case 'A':
			ok = isAlpha(c)
		case 'N':
			ok = isAlnum(c)
		case ' ':
			size := separatorAt(text, i)
			if size == 0 {
				return 0
			}
			i += size
			continue
		default:
			if c != layout[k] {
				return 0
			}
			i++
			continue
		}
		if !ok {
			return 0
		}
		chars[n] = upper(c)
		n++
		i++
	}
	if c := after(text, i); isWord(c) || c == '.' && isDigit(after(text, i+1)) || !valid(chars[:n]) {
		return 0
	}
	return i
}

func number(digits []byte) (v int) {
	for _, c := range digits {
		v = v*10 + int(c-'0')
	}
	return v
}

func digitsOnly(chars []byte) bool {
	for _, c := range chars {
		if !isDigit(c) {
			return false
		}
	}
	return true
}

func isDay(month, day int) bool { return month >= 1 && month <= 12 && day >= 1 && day <= 31 }

// isSSN checks the areas and groups that are never given out; the number has no check digit.
func isSSN(c []byte) bool {
	area := number(c[:3])
	return area != 0 && area != 666 && area < 900 && number(c[3:5]) != 0 && number(c[5:]) != 0
}

// isNINO checks the letters that are never used.
func isNINO(c []byte) bool {
	two := string(c[:2])
	return !strings.ContainsAny(two, "DFIQUV") && c[1] != 'O' && !strings.Contains("BG GB KN NK NT TN ZZ", two) && c[8] >= 'A' && c[8] <= 'D'
}

// isSteuerID checks that one digit of the first ten is there two or three times, and the check digit (ISO 7064, MOD 11,10).
func isSteuerID(c []byte) bool {
	if c[0] == '0' {
		return false
	}
	var times [10]int
	product := 10
	for _, d := range c[:10] {
		v := int(d - '0')
		times[v]++
		s := (v + product) % 10
		if s == 0 {
			s = 10
		}
		product = s * 2 % 11
	}
	repeated := 0
	for _, n := range times {
		if n > 3 {
			return false
		}
		if n > 1 {
			repeated++
		}
	}
	return repeated == 1 && (11-product)%10 == int(c[10]-'0')
}

// isNIR checks sex, month and the key: 97 less the rest of the number by 97. Corsica's departments 2A and 2B count as 19 and 18.
func isNIR(c []byte) bool {
	d := bytes.Clone(c)
	switch d[6] {
	case 'A':
		d[5], d[6] = '1', '9'
	case 'B':
		d[5], d[6] = '1', '8'
	}
	if !digitsOnly(d) || d[6] != c[6] && c[5] != '2' {
		return false
	}
	month := number(d[3:5])
	return (d[0] == '1' || d[0] == '2') && (month >= 1 && month <= 12 || month >= 20 && month <= 42) && 97-number(d[:13])%97 == number(d[13:])
}

// isDNI checks the letter: the rest of the number by 23. The X, Y and Z of foreigners count as 0, 1 and 2.
func isDNI(c []byte) bool {
	d := bytes.Clone(c)
	if isAlpha(d[0]) {
		if d[0] < 'X' {
			return false
		}
		d[0] -= 'X' - '0'
	}
	return digitsOnly(d[:8]) && "TRWAGMYFPDXBNJZSQVHLCKE"[number(d[:8])%23] == d[8]
}

// isCodiceFiscale checks the letter of the month and the last letter (decree of 23 December 1976).
func isCodiceFiscale(c []byte) bool {
	odd := [...]int{1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23}
	sum := 0
	for i, ch := range c[:15] {
		v := int(ch - 'A')
		if isDigit(ch) {
			v = int(ch - '0')
		}
		if i%2 == 0 {
			v = odd[v]
		}
		sum += v
	}
	return strings.IndexByte("ABCDEHLMPRST", c[8]) >= 0 && byte('A'+sum%26) == c[15]
}

// isBelgian checks the date and the last two digits: 97 less the rest by 97, with a 2 before the number of those born from 2000 on.
func isBelgian(c []byte) bool {
	n, check := number(c[:9]), number(c[9:])
	return isDay(number(c[2:4]), number(c[4:6])) && (97-n%97 == check || 97-(2_000_000_000+n)%97 == check)
}

// isSwedish checks date and Luhn digit; those of coordination numbers have 60 added to the day.
func isSwedish(c []byte) bool {
	short := c[len(c)-10:]
	return isDay(number(short[2:4]), (number(short[4:6])-1)%60+1) && luhn(short)
}

// isFinnish checks date, sign of the century and check character: the rest of the number by 31.
func isFinnish(c []byte) bool {
	rest := c[6:]
	if isAlpha(rest[0]) {
		if strings.IndexByte("ABCDEFYXWVU", rest[0]) < 0 {
			return false
		}
		rest = rest[1:]
	}
	if !digitsOnly(c[:6]) || !digitsOnly(rest[:3]) {
		return false
	}
	n := number(c[:6])*1000 + number(rest[:3])
	return isDay(number(c[2:4]), number(c[:2])) && "0123456789ABCDEFHJKLMNPRSTUVWXY"[n%31] == rest[3]
}

// isAHV checks the country, 756, and the check digit of EAN-13.
func isAHV(c []byte) bool {
	sum := 0
	for i, d := range c[:12] {
		sum += int(d-'0') * (1 + i%2*2)
	}
	return string(c[:3]) == "756" && (10-sum%10)%10 == int(c[12]-'0')
}

// isCPF checks both check digits.
func isCPF(c []byte) bool {
	for n := 9; n <= 10; n++ {
		sum := 0
		for i, d := range c[:n] {
			sum += int(d-'0') * (n + 1 - i)
		}
		if sum*10%11%10 != int(c[n]-'0') {
			return false
		}
	}
	return bytes.Count(c, c[:1]) < len(c)
}
