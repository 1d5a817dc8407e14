package redact

// traits is what one quick look over a text finds. It says whether detectors have anything to look for.
type traits struct {
	bits   uint16 // classes of characters that are there
	digits int
	chain  int // digits in the longest row of digits and what stands between the groups of numbers
	word   int // length of the longest row of letters, digits, _ and -
}

const (
	digit uint16 = 1 << iota
	letter
	joint // stands between groups of digits: space - . ( ) + /
	wordy // belongs to a word: letters, digits, _ and -
	atSign
	percent
	backslash
	colon
	equals
	dot
	document // { or [ at the beginning
	capital
	space
)

const minWord = 16 // letters of the shortest key that a detector finds and that may do without digits

func classes() (t [256]uint16) {
	for c := range t {
		switch {
		case c >= '0' && c <= '9':
			t[c] = digit | wordy
		case c >= 'A' && c <= 'Z':
			t[c] = letter | capital | wordy
		case c >= 'a' && c <= 'z':
			t[c] = letter | wordy
		}
	}
	for _, c := range " -.()+/" {
		t[c] |= joint
	}
	t[0xa0], t[0xc2] = joint, joint // a no-break space in UTF-8
	t[' '] |= space
	t['_'] |= wordy
	t['-'] |= wordy
	t['@'] |= atSign
	t['%'] |= percent
	t['\\'] |= backslash
	t[':'] |= colon
	t['='] |= equals
	t['.'] |= dot
	return t
}

var class = classes() //nolint:gochecknoglobals // a constant table

func look(text []byte) traits {
	var t traits
	if len(text) < minWord {
		for _, c := range text {
			t.bits |= class[c]
		}
	}
	if len(text) >= minWord || t.bits&digit != 0 {
		t = rows(text)
	}
	for _, c := range text {
		if c == '{' || c == '[' {
			t.bits |= document
		} else if isSpace(c) {
			continue
		}
		break
	}
	return t
}

// rows counts digits and finds the longest rows.
func rows(text []byte) traits {
	var bits uint16
	digits, chain, longestChain, word, longestWord := 0, 0, 0, 0, 0
	for _, c := range text {
		k := class[c]
		bits |= k
		word++
		if k&wordy == 0 {
			word = 0
		}
		longestWord = max(longestWord, word)
		isDigit := int(k & digit)
		digits += isDigit
		chain += isDigit
		if k&(joint|digit) == 0 {
			chain = 0
		}
		longestChain = max(longestChain, chain)
	}
	return traits{bits, digits, longestChain, longestWord}
}

// meets tells whether a text has at least what is needed.
func (t traits) meets(needs *traits) bool {
	return t.bits&needs.bits == needs.bits && t.digits >= needs.digits && t.chain >= needs.chain && t.word >= needs.word
}

// plain tells whether a text of these traits holds nothing that anybody looks for: no number, no sign, and no long word.
func (t traits) plain() bool {
	return t.bits&(digit|atSign|percent|backslash|colon|equals|document) == 0 && t.word < minWord
}

func isDigit(c byte) bool { return class[c]&digit != 0 }
func isAlpha(c byte) bool { return class[c]&letter != 0 }
func isAlnum(c byte) bool { return class[c]&(letter|digit) != 0 }
func isWord(c byte) bool  { return class[c]&wordy != 0 }
func isHex(c byte) bool   { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }
func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// before is the byte before i; 0 at the beginning.
func before(text []byte, i int) byte {
	if i > 0 {
		return text[i-1]
	}
	return 0
}

// after is the byte at i; 0 at the end.
func after(text []byte, i int) byte {
	if i < len(text) {
		return text[i]
	}
	return 0
}
