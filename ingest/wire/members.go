package wire

import "bytes"

// The functions here change JSON objects as text. All of them expect what the scanner has accepted, or nothing.

func nonEmptyObject(v []byte) []byte {
	if len(v) < 2 || v[0] != '{' || len(bytes.TrimSpace(v[1:len(v)-1])) == 0 {
		return nil
	}
	return v
}

// withMember returns object with key: value added, unless value is absent or null or the object has the key. The object may be empty.
func withMember(object []byte, key string, value []byte) []byte {
	if len(value) == 0 || string(value) == "null" || hasMember(object, key) {
		return object
	}
	out := make([]byte, 0, len(object)+len(key)+len(value)+6)
	out = append(append(append(out, `{"`...), key...), `":`...)
	out = append(out, value...)
	if nonEmptyObject(object) == nil {
		return append(out, '}')
	}
	return append(append(out, ','), object[1:]...)
}

func hasMember(object []byte, key string) bool {
	found := false
	eachMember(object, func(k, _ []byte) { found = found || string(k) == key })
	return found
}

// eachMember walks over the members of an object: the key's meaning, and the text of key and value.
func eachMember(object []byte, f func(key, text []byte)) {
	if nonEmptyObject(object) == nil {
		return
	}
	s := scanner{b: object}
	_ = s.object(func(key []byte) error { // valid: it was scanned before
		begins := s.keyAt
		_, err := s.value()
		f(key, object[begins:s.i])
		return err
	})
}

// overlay is an object that others are laid over.
type overlay struct {
	object []byte
	texts  [][]byte
	place  map[string]int // of a key in texts
	hidden []bool         // the texts whose key the object above has as well
}

func newOverlay(object []byte) overlay {
	o := overlay{object: object}
	if nonEmptyObject(object) == nil {
		return o
	}
	o.place = map[string]int{}
	eachMember(object, func(key, text []byte) {
		o.place[string(key)] = len(o.texts)
		o.texts = append(o.texts, text)
	})
	o.hidden = make([]bool, len(o.texts))
	return o
}

// under returns an object with the members of both; where both have a key, above wins.
func (o *overlay) under(above []byte) []byte {
	if len(o.texts) == 0 {
		return above
	}
	if nonEmptyObject(above) == nil {
		return o.object
	}
	clear(o.hidden)
	eachMember(above, func(key, _ []byte) {
		if i, ok := o.place[string(key)]; ok {
			o.hidden[i] = true
		}
	})
	out := append(make([]byte, 0, len(o.object)+len(above)), '{')
	for i, text := range o.texts {
		if !o.hidden[i] {
			out = append(append(out, text...), ',')
		}
	}
	return append(out, above[1:]...)
}
