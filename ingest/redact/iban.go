package redact

// ibanLengths are the countries of the IBAN registry, each followed by the length of its numbers.
const ibanLengths = "AD24AE23AL28AT20AZ28BA20BE16BG22BH22BI27BR29BY28CH21CR22CY28CZ24DE22DJ27DK18DO28EE20EG29ES24FI18FK18FO18FR27GB22GE22GI23GL18GR27" +
	"GT28HN28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28LC32LI21LT20LU20LV21LY25MC27MD24ME22MK19MN20MR27MT31MU30NI28NL18NO15OM23PK24PL28PS29PT25" +
	"QA29RO24RS22RU33SA24SC31SD18SE24SI19SK24SM27SO23ST25SV28TL23TN24TR26UA29VA22VG24XK20YE30"

// findIBAN finds an account number in one row or in groups.
func findIBAN(text []byte, from int) (start, end int) {
	for i := from; i+15 <= len(text); i++ {
		if !isAlpha(text[i]) || !isAlpha(text[i+1]) || !isDigit(text[i+2]) || !isDigit(text[i+3]) || isAlnum(before(text, i)) {
			continue
		}
		if end := ibanEnd(text, i); end > 0 {
			return i, end
		}
	}
	return -1, -1
}

func ibanEnd(text []byte, i int) int {
	length := ibanLength(upper(text[i]), upper(text[i+1]))
	if length == 0 {
		return 0
	}
	var chars [34]byte
	n, at := 0, i
	for n < length {
		if c := after(text, at); isAlnum(c) {
			chars[n] = upper(c)
			n++
			at++
			continue
		}
		separator := separatorAt(text, at)
		if separator == 0 || n < 4 {
			return 0
		}
		at += separator
	}
	if isAlnum(after(text, at)) || !mod97(chars[:n]) {
		return 0
	}
	return at
}

func ibanLength(a, b byte) int {
	for i := 0; i < len(ibanLengths); i += 4 {
		if ibanLengths[i] == a && ibanLengths[i+1] == b {
			return int(ibanLengths[i+2]-'0')*10 + int(ibanLengths[i+3]-'0')
		}
	}
	return 0
}

// mod97 checks the check digits (ISO 13616): with the first four characters at the end and letters as numbers from 10, the rest is 1.
func mod97(chars []byte) bool {
	rest := 0
	for i := range chars {
		c := chars[(i+4)%len(chars)]
		if isDigit(c) {
			rest = (rest*10 + int(c-'0')) % 97
		} else {
			rest = (rest*100 + int(c-'A') + 10) % 97
		}
	}
	return rest == 1
}

func upper(c byte) byte {
	if isAlpha(c) {
		return c &^ 0x20
	}
	return c
}
