package redact

import "strconv"

// findCoordinates finds a latitude and a longitude, separated by a comma, with four or more decimal places.
func findCoordinates(text []byte, from int) (start, end int) {
	for i := from; i < len(text); i++ {
		if !isDigit(text[i]) || isWord(before(text, i)) && before(text, i) != '-' || before(text, i) == '.' {
			continue
		}
		start = i
		if before(text, i) == '-' && !isAlnum(before(text, i-1)) {
			start--
		}
		middle := degreesEnd(text, start, 90)
		if middle == 0 {
			for i+1 < len(text) && isDigit(text[i+1]) {
				i++
			}
			continue
		}
		second := middle
		if after(text, second) == ',' {
			second++
		}
		for after(text, second) == ' ' && second-middle < 3 {
			second++
		}
		if after(text, middle) == ',' {
			if end := degreesEnd(text, second, 180); end > 0 {
				return start, end
			}
		}
		i = middle
	}
	return -1, -1
}

// degreesEnd is the end of a number with at least four decimal places and at most most before them; 0 when there is none.
func degreesEnd(text []byte, i int, most float64) int {
	start := i
	if after(text, i) == '-' || after(text, i) == '+' {
		i++
	}
	whole := i
	for i < len(text) && isDigit(text[i]) {
		i++
	}
	if i == whole || i-whole > 3 || after(text, i) != '.' {
		return 0
	}
	i++
	decimals := i
	for i < len(text) && isDigit(text[i]) {
		i++
	}
	if i-decimals < 4 || i-decimals > 16 || isAlnum(after(text, i)) || after(text, i) == '.' && isDigit(after(text, i+1)) {
		return 0
	}
	f, err := strconv.ParseFloat(string(text[start:i]), 64)
	if err != nil || f > most || f < -most {
		return 0
	}
	return i
}
