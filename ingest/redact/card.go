package redact

import "bytes"

// findCard finds a payment card number: digits in a row or in the groups that cards show, of an issuer's prefix and length, with a
// right check digit.
func findCard(text []byte, from int) (start, end int) {
	for i := from; i < len(text); i++ {
		if !isDigit(text[i]) || isDigit(before(text, i)) {
			continue
		}
		run := i
		for run < len(text) && isDigit(text[run]) {
			run++
		}
		if n := run - i; n >= 14 && n <= 19 {
			if isCard(text[i:run]) && !inHash(text, i, run) && !isFraction(text, i) {
				return i, run
			}
		} else if n == 4 {
			if end := groupedCard(text, i); end > 0 {
				return i, end
			}
		}
		i = run
	}
	return -1, -1
}

// groupedCard is the end of a card number in groups that begins at i; 0 when there is none.
func groupedCard(text []byte, i int) int {
	separator := separatorAt(text, i+4)
	if separator == 0 {
		return 0
	}
	var digits [19]byte
	for _, layout := range [...]string{"44443", "4444", "465", "464"} {
		n, at, ok := 0, i, true
		for g, size := range []byte(layout) {
			size := int(size - '0')
			if g > 0 {
				if separatorAt(text, at) != separator || !bytes.Equal(text[at:at+separator], text[i+4:i+4+separator]) {
					ok = false
					break
				}
				at += separator
			}
			for k := 0; ok && k < size; k++ {
				if !isDigit(after(text, at)) {
					ok = false
					break
				}
				digits[n] = text[at]
				n++
				at++
			}
			if !ok {
				break
			}
		}
		if ok && !isAlnum(after(text, at)) && isCard(digits[:n]) {
			return at
		}
	}
	return 0
}

// separatorAt is the length of what separates groups of digits; 0 when there is nothing that does.
func separatorAt(text []byte, i int) int {
	switch c := after(text, i); c {
	case ' ', '-', '.', '+', '_', '/':
		return 1
	case 0xc2:
		if after(text, i+1) == 0xa0 {
			return 2
		}
	case 0xe2: // the narrow spaces U+2007, U+2009 and U+202F
		if n := after(text, i+2); after(text, i+1) == 0x80 && (n == 0x87 || n == 0x89 || n == 0xaf) {
			return 3
		}
	}
	return 0
}

// inHash tells whether digits are part of a hexadecimal number.
func inHash(text []byte, start, end int) bool {
	letters := false
	for start > 0 && isAlnum(text[start-1]) {
		start--
	}
	for end < len(text) && isAlnum(text[end]) {
		end++
	}
	for _, c := range text[start:end] {
		if !isHex(c) {
			return false
		}
		letters = letters || isAlpha(c)
	}
	return letters
}

// isFraction tells whether digits stand behind a decimal point.
func isFraction(text []byte, i int) bool {
	return i >= 2 && text[i-1] == '.' && isDigit(text[i-2])
}

func isCard(digits []byte) bool { return issued(digits) && luhn(digits) }

// issued tells whether an issuer gives out numbers of that prefix and length (ISO/IEC 7812). Visa's numbers of 13 digits are not given out any
// more, and look like the bar codes of goods.
func issued(d []byte) bool {
	n := len(d)
	first := func(k int) (v int) {
		for _, c := range d[:k] {
			v = v*10 + int(c-'0')
		}
		return v
	}
	p2, p3, p4 := first(2), first(3), first(4)
	long := n >= 16 && n <= 19
	switch {
	case d[0] == '4':
		return n == 16 || n == 19
	case p2 == 34 || p2 == 37:
		return n == 15
	case p2 == 36, p2 == 38, p2 == 39, p3 >= 300 && p3 <= 305, p4 == 3095:
		return n == 14 || n == 16
	case p4 >= 3528 && p4 <= 3589:
		return long
	case p2 >= 51 && p2 <= 55, p4 >= 2221 && p4 <= 2720, p4 == 9792:
		return n == 16
	case p4 >= 2200 && p4 <= 2204, p4 == 6011, p3 >= 644 && p3 <= 649, p2 == 65, p2 == 62, p3 == 636, p2 == 60:
		return long
	case p2 == 50, p2 >= 56 && p2 <= 58, p2 == 67, p4 == 6304, p4 == 6390:
		return n == 16 || n == 18 || n == 19
	}
	return false
}

// luhn checks the last digit (ISO/IEC 7812-1, annex B).
func luhn(digits []byte) bool {
	sum := 0
	for i := range digits {
		v := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			if v *= 2; v > 9 {
				v -= 9
			}
		}
		sum += v
	}
	return sum%10 == 0
}
