package redact

import "bytes"

const maxPairName = 64

// pairs claims the values of names that key rules match, where a text says name=value or name: value, as in the query of a URL, a
// line of a log or a piece of JSON.
func (w *work) pairs(v *view, at place) {
	text := v.text
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c != '=' && c != ':' {
			continue
		}
		name := nameBefore(text, i)
		if len(name) == 0 {
			continue
		}
		rule := w.keyRule(name)
		if rule == none {
			continue
		}
		start, end := valueAfter(text, i+1, c == ':')
		if end > start {
			w.claim(v, start, end, rule, at)
			i = end - 1
		}
	}
}

// nameBefore is the name that ends before i, without its quotes. Of user[password] it is password.
func nameBefore(text []byte, i int) []byte {
	end := i
	for end > 0 && isSpace(text[end-1]) && i-end < 4 {
		end--
	}
	for end > 0 && (text[end-1] == '"' || text[end-1] == '\'' || text[end-1] == '\\' || text[end-1] == ']') {
		end--
	}
	start := end
	for start > 0 && end-start < maxPairName && (isWord(text[start-1]) || text[start-1] == '.') {
		start--
	}
	name := text[start:end]
	if dot := bytes.LastIndexByte(name, '.'); dot >= 0 {
		name = name[dot+1:]
	}
	return name
}

// valueAfter finds where the value that follows begins and ends: a quoted text; behind a colon the rest of the line, up to a comma
// or a semicolon; behind an equals sign what a parameter of a URL may hold.
func valueAfter(text []byte, i int, colon bool) (start, end int) {
	for i < len(text) && (text[i] == ' ' || text[i] == '\t' || text[i] == '\\') {
		i++
	}
	if i == len(text) {
		return i, i
	}
	if q := text[i]; q == '"' || q == '\'' {
		escaped := before(text, i) == '\\'
		i++
		for end = i; end < len(text); end++ {
			closing := text[end] == q || escaped && text[end] == '\\' && after(text, end+1) == q
			if closing {
				break
			}
			if text[end] == '\\' {
				end++
			}
		}
		return i, min(end, len(text))
	}
	stops := "&#\"'<> \t\r\n"
	if colon {
		stops = "\"'<>,;}\r\n"
	}
	end = i
	for end < len(text) && bytes.IndexByte([]byte(stops), text[end]) < 0 {
		end++
	}
	for colon && end > i && isSpace(text[end-1]) {
		end--
	}
	return i, end
}
