package avroformat

import (
	"strconv"
	"strings"

	"github.com/observatory/observatory/ingest/schema"
	"github.com/observatory/observatory/ingest/schema/jsontree"
)

// name reads what a named type is called, and makes it known.
func (p *parser) name(path, namespace string, o *jsontree.Object, n *node) error {
	v, _ := o.Get("name")
	name, _ := v.(string)
	if v, ok := o.Get("namespace"); ok && v != nil {
		if namespace, ok = v.(string); !ok {
			return p.fail(path+"/namespace", "a namespace is a text.")
		}
	}
	if full := strings.TrimPrefix(name, "."); strings.Contains(name, ".") || namespace == "" {
		n.name = full
	} else {
		n.name = namespace + "." + name
	}
	switch {
	case len(n.name) > maxName || !validFullName(n.name):
		return p.fail(path+"/name", "a %s needs a name of letters, digits and _, with dots between the parts of its namespace.", n.kind)
	case primitive(n.name):
		return p.fail(path+"/name", "%q is the name of a primitive type. Choose another.", n.name)
	case p.types[n.name] != nil:
		return p.fail(path+"/name", "the type %s is defined twice. Refer to it by its name the second time.", schema.Shorten(n.name))
	}
	var err error
	if n.doc, err = p.doc(path, o); err != nil {
		return err
	}
	if n.aliases, err = p.aliases(path, namespaceOf(n.name), o, validFullName); err != nil {
		return err
	}
	n.dependency = p.dependency
	p.types[n.name] = n
	return nil
}

func (p *parser) doc(path string, o *jsontree.Object) (*string, error) {
	v, ok := o.Get("doc")
	if !ok || v == nil {
		return nil, nil
	}
	text, ok := v.(string)
	if !ok {
		return nil, p.fail(path+"/doc", "the documentation is a text.")
	}
	return &text, nil
}

func (p *parser) aliases(path, namespace string, o *jsontree.Object, valid func(string) bool) ([]string, error) {
	v, ok := o.Get("aliases")
	if !ok || v == nil {
		return nil, nil
	}
	list, ok := v.([]jsontree.Value)
	if !ok {
		return nil, p.fail(path+"/aliases", "aliases are a list of names.")
	}
	names := make([]string, 0, len(list))
	for i := range list {
		at := path + "/aliases/" + strconv.Itoa(i)
		if err := p.count(at); err != nil {
			return nil, err
		}
		name, ok := list[i].(string)
		if !ok || len(name) > maxName || !valid(name) {
			return nil, p.fail(at, "an alias is a name of letters, digits and _.")
		}
		if namespace != "" && !strings.Contains(name, ".") {
			name = namespace + "." + name
		}
		names = append(names, name)
	}
	return names, nil
}

func validName(name string) bool {
	for i := range len(name) {
		c := name[i]
		letter := c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return name != ""
}

func validFullName(name string) bool {
	for part := range strings.SplitSeq(name, ".") {
		if !validName(part) {
			return false
		}
	}
	return true
}
