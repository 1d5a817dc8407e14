package privacych

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/observatory/observatory/privacy/export"
)

// ownLetters gives out dead letters as the subjects may have them. More is erased of the quarantine than anybody is given of it: a letter that another
// has sent on a device of theirs goes with them, and is not theirs to read.
type ownLetters struct{ mentions }

// of is a letter of a subject without the IDs of others. It is false for one that was sent by somebody else, or may have been.
func (o ownLetters) of(l export.DeadLetter) (export.DeadLetter, bool) {
	if !o.in(l.UserID, l.AnonymousID, l.Payload) {
		return l, false
	}
	user, device := o.users[l.UserID], o.ids[l.AnonymousID]
	if !json.Valid([]byte(l.Payload)) {
		return l, user // nobody knows whom it names
	}
	others, err := walk(l.Payload, func(member, value string, _ bool) bool { return o.foreign(member, value) })
	if !user && (l.UserID != "" || l.AnonymousID != "" && !device || others) {
		return l, false
	}
	if !device {
		l.AnonymousID = ""
	}
	if others {
		l.Payload, err = o.without(l.Payload)
	}
	return l, err == nil
}

// foreign tells whether a member says who somebody is, and that is none of the subjects.
func (o ownLetters) foreign(member, value string) bool {
	return is(member, "userid", "distinctid", "anonymousid", "previousid", "alias") && value != "" && !o.ids[value]
}

// without leaves the IDs of others out of JSON.
func (o ownLetters) without(payload string) (string, error) {
	d := json.NewDecoder(strings.NewReader(payload))
	d.UseNumber()
	var all any
	if err := d.Decode(&all); err != nil {
		return "", err
	}
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	err := e.Encode(o.own("", all))
	return strings.TrimSpace(text.String()), err
}

// own is the value of a member without what is foreign; nil in its place.
func (o ownLetters) own(member string, value any) any {
	switch v := value.(type) {
	case map[string]any:
		for member, value := range v {
			v[member] = o.own(member, value)
		}
	case []any:
		for i, value := range v {
			v[i] = o.own(member, value)
		}
	case string:
		if o.foreign(member, v) {
			return nil
		}
	case json.Number:
		if o.foreign(member, v.String()) {
			return nil
		}
	}
	return value
}
