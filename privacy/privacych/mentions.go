package privacych

import (
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/observatory/observatory/privacy"
)

// mentions tells whether what somebody sent names one of the subjects. It was refused, so its form is anybody's guess. In JSON it names them
//
//   - by an ID, under a member that says who somebody is, such as userId; or anywhere, where nobody else is known to be the sender;
//   - by a property, under a member of that name at any depth; by an e-mail address anywhere.
//
// In what is no JSON it names them where one of all these stands between other characters than letters and digits.
type mentions struct {
	ids    map[string]bool
	users  map[string]bool
	named  map[string]map[string]bool // value by the last name of the path
	emails map[string]bool            // in lower case
}

func newMentions(s privacy.Subjects) mentions {
	m := mentions{ids: map[string]bool{}, users: map[string]bool{}, named: map[string]map[string]bool{}, emails: map[string]bool{}}
	for _, id := range s.UserIDs {
		m.ids[id], m.users[id] = true, true
	}
	for _, id := range s.AnonymousIDs {
		m.ids[id] = true
	}
	for _, p := range s.Properties {
		if slices.Contains(privacy.EmailPaths(), p.Path) {
			m.emails[fold(p.Value)] = true
			continue
		}
		_, keys, _ := privacy.SplitPath(p.Path)
		if len(keys) == 0 {
			continue
		}
		name := keys[len(keys)-1]
		if m.named[name] == nil {
			m.named[name] = map[string]bool{}
		}
		m.named[name][p.Value] = true
	}
	return m
}

func fold(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

// in tells whether a letter with these IDs, as far as they could be read, names one of the subjects.
func (m mentions) in(user, anonymous, payload string) bool {
	if m.users[user] || m.ids[anonymous] {
		return true
	}
	others := user != ""
	found, err := m.inJSON(payload, others)
	return found || err != nil && m.inText(payload)
}

// saysWho tells whether a member of this name says who somebody is.
func saysWho(member string) bool {
	return is(member, "userid", "anonymousid", "previousid", "distinctid", "groupid", "alias")
}

// is tells whether a member has one of the names, however it is written.
func is(member string, names ...string) bool {
	return slices.Contains(names, strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(member, "$")), "_", ""))
}

// inJSON tells whether JSON names one of the subjects. The error says that it is none, or none to its end.
func (m mentions) inJSON(payload string, others bool) (bool, error) {
	return walk(payload, func(member, value string, number bool) bool {
		return m.meant(member, value, others || number) || !number && m.emails[fold(value)]
	})
}

// walk walks through the texts and numbers of JSON until one is found. Those of a list have the member of the list. The error says that it is no JSON, or
// none to its end.
func walk(payload string, found func(member, value string, number bool) bool) (bool, error) {
	d := json.NewDecoder(strings.NewReader(payload))
	d.UseNumber()
	type level struct {
		object bool
		member string // the last one that was read
		value  bool   // its value comes next
	}
	open := []level{{}}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		at := &open[len(open)-1]
		if delimiter, ok := token.(json.Delim); ok {
			if delimiter == '{' || delimiter == '[' {
				at.value = false
				open = append(open, level{object: delimiter == '{', member: at.member})
			} else {
				open = open[:len(open)-1]
			}
			continue
		}
		if at.object && !at.value {
			at.member, at.value = token.(string), true
			continue
		}
		at.value = false
		switch v := token.(type) {
		case string:
			if found(at.member, v, false) {
				return true, nil
			}
		case json.Number:
			if found(at.member, v.String(), true) {
				return true, nil
			}
		}
	}
}

func (m mentions) meant(member, value string, others bool) bool {
	return m.named[member][value] || m.ids[value] && (!others || saysWho(member))
}

// inText looks for the identifiers as words.
func (m mentions) inText(text string) bool {
	look := func(all map[string]bool, in string) bool {
		for id := range all {
			if word(in, id) {
				return true
			}
		}
		return false
	}
	if look(m.ids, text) || look(m.emails, strings.ToLower(text)) {
		return true
	}
	for _, values := range m.named {
		if look(values, text) {
			return true
		}
	}
	return false
}

func word(text, word string) bool {
	for from := 0; ; {
		i := strings.Index(text[from:], word)
		if i < 0 {
			return false
		}
		i += from
		before, _ := utf8.DecodeLastRuneInString(text[:i])
		after, _ := utf8.DecodeRuneInString(text[i+len(word):])
		if !letter(before) && !letter(after) {
			return true
		}
		from = i + 1
	}
}

func letter(r rune) bool { return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r)) }
