package protoformat

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/observatory/observatory/ingest/schema"
)

// The rules that can be broken, in the vocabulary of the field: what happened between the writer's file and this one.
const (
	RulePackageChanged  = "PACKAGE_CHANGED"
	RuleMessageRemoved  = "MESSAGE_REMOVED"
	RuleKindChanged     = "FIELD_KIND_CHANGED"        // between scalar, enum, message, group and map
	RuleScalarChanged   = "FIELD_SCALAR_KIND_CHANGED" // to a scalar type of another group
	RuleTypeChanged     = "FIELD_NAMED_TYPE_CHANGED"  // to another message
	RuleLabelChanged    = "FIELD_LABEL_CHANGED"       // between singular and repeated
	RuleNameChanged     = "FIELD_NAME_CHANGED"        // in JSON
	RuleNumberChanged   = "FIELD_NUMBER_CHANGED"      // of a field of the same name in JSON
	RuleReservedReused  = "RESERVED_FIELD_REUSED"     // number or name
	RuleRequiredAdded   = "REQUIRED_FIELD_ADDED"
	RuleRequiredRemoved = "REQUIRED_FIELD_REMOVED"
	RuleOneofRemoved    = "ONEOF_FIELD_REMOVED"
	RuleMovedToOneof    = "MULTIPLE_FIELDS_MOVED_TO_ONEOF"
	RuleConstantRemoved = "ENUM_CONST_REMOVED"
	RuleConstantChanged = "ENUM_CONST_CHANGED" // a name has another number, or a number another name
)

// Incompatibilities says what of the writer's messages would be lost or misread, on the wire or as JSON, by this file.
// Messages are matched by their names within the package; fields by their numbers. Fields that this file
// does not know are skipped by every reader of Protobuf, so they may come and go. The rules are those of the wire and of
// JSON together: a change that is safe on the wire alone, such as renaming a field, is not safe here, because events may
// be sent as JSON. Extensions and defaults of proto2 are not compared.
func (p *Parsed) Incompatibilities(writer schema.Parsed) []schema.Incompatibility {
	w, ok := writer.(*Parsed)
	if !ok {
		return []schema.Incompatibility{schema.OtherFormat(schema.Protobuf)}
	}
	c := checker{reader: p.file, writer: w.file, seen: make(map[string]bool)}
	if from, to := w.file.Package(), p.file.Package(); from != to {
		c.report(RulePackageChanged, "/", fmt.Sprintf("The package was %q and is %q now: messages within google.protobuf.Any are named by it.", from, to),
			"Keep the package, or use another subject for the new one.")
	}
	c.messages(p.file.Messages(), w.file.Messages())
	for i := 0; i < len(c.queue); i++ {
		c.message(c.queue[i].reader, c.queue[i].writer)
	}
	return c.found
}

type checker struct {
	reader, writer protoreflect.FileDescriptor
	queue          []pair
	seen           map[string]bool // pairs of messages or enums that were met
	found          []schema.Incompatibility
}

// pair of messages of which one is read as the other.
type pair struct {
	reader, writer protoreflect.MessageDescriptor
}

func (c *checker) report(rule, path, message, advice string) {
	if len(c.found) < schema.MaxIncompatibilities {
		c.found = append(c.found, schema.Incompatibility{Rule: rule, Path: path, Message: message, Advice: advice})
	}
}

// relative is a declaration's name within its package if it is of the file itself, and its full name otherwise.
func relative(d protoreflect.Descriptor, own protoreflect.FileDescriptor) string {
	name := string(d.FullName())
	if d.ParentFile() == own && own.Package() != "" {
		return strings.TrimPrefix(name, string(own.Package())+".")
	}
	return name
}

// path is where a declaration of the reader is: /Order/Item.
func (c *checker) path(d protoreflect.Descriptor) string {
	name := relative(d, c.reader)
	if d.ParentFile() == c.reader {
		name = strings.ReplaceAll(name, ".", "/")
	}
	return "/" + name
}

// messages pairs the messages of two files, nested ones too.
func (c *checker) messages(readers, writers protoreflect.MessageDescriptors) {
	for i := range writers.Len() {
		w := writers.Get(i)
		if w.IsMapEntry() {
			continue
		}
		r := readers.ByName(w.Name())
		if r == nil || r.IsMapEntry() {
			c.report(RuleMessageRemoved, "/"+strings.ReplaceAll(relative(w, c.writer), ".", "/"), fmt.Sprintf("The message %s is gone.", w.FullName()),
				"Keep the message, under its name and within the same message.")
			continue
		}
		c.pair(r, w)
		c.messages(r.Messages(), w.Messages())
	}
}

// pair notes two messages to be compared, once.
func (c *checker) pair(r, w protoreflect.MessageDescriptor) {
	if c.meet(r, w) {
		c.queue = append(c.queue, pair{r, w})
	}
}

// meet tells whether two declarations meet for the first time.
func (c *checker) meet(r, w protoreflect.Descriptor) bool {
	key := string(r.FullName()) + "\x00" + string(w.FullName())
	if c.seen[key] {
		return false
	}
	c.seen[key] = true
	return true
}

// message compares two messages field by field.
func (c *checker) message(r, w protoreflect.MessageDescriptor) {
	path := c.path(r)
	for i := range w.Fields().Len() {
		from := w.Fields().Get(i)
		to := r.Fields().ByNumber(from.Number())
		if to != nil {
			c.field(at(path, to), to, from)
			continue
		}
		if same := r.Fields().ByJSONName(from.JSONName()); same != nil && w.Fields().ByNumber(same.Number()) == nil {
			c.report(RuleNumberChanged, at(path, same), fmt.Sprintf("The field %s had the number %d and has %d now.", same.Name(), from.Number(), same.Number()),
				"Keep the number of a field for ever. To change its type, add a field of another name and number.")
			continue
		}
		if from.Cardinality() == protoreflect.Required {
			c.report(RuleRequiredRemoved, fmt.Sprintf("%s/%d", path, from.Number()), fmt.Sprintf("The required field %s is gone: whoever still requires it could not read what is written from now on.", from.Name()),
				"Make the field optional first, and keep it until nobody requires it any more.")
		}
		if one := from.ContainingOneof(); one != nil && !one.IsSynthetic() && lives(one, r) {
			c.report(RuleOneofRemoved, fmt.Sprintf("%s/%d", path, from.Number()), fmt.Sprintf("The oneof %s lacks the field %s: data that holds it would look as if nothing had been chosen.", one.Name(), from.Name()),
				"Keep the field in the oneof; mark it deprecated if it should not be used.")
		}
	}
	for i := range r.Fields().Len() {
		c.added(path, r.Fields().Get(i), w)
	}
	for i := range r.Oneofs().Len() {
		c.oneof(path, r.Oneofs().Get(i), w)
	}
}

// lives tells whether a oneof is still there, under its name or with one of its fields.
func lives(one protoreflect.OneofDescriptor, r protoreflect.MessageDescriptor) bool {
	if r.Oneofs().ByName(one.Name()) != nil {
		return true
	}
	for i := range one.Fields().Len() {
		f := r.Fields().ByNumber(one.Fields().Get(i).Number())
		if f != nil && f.ContainingOneof() != nil && !f.ContainingOneof().IsSynthetic() {
			return true
		}
	}
	return false
}

// at is the path of a field.
func at(path string, f protoreflect.FieldDescriptor) string {
	return fmt.Sprintf("%s/%d", path, f.Number())
}

// added looks at a field of the reader that the writer may not have.
func (c *checker) added(path string, r protoreflect.FieldDescriptor, w protoreflect.MessageDescriptor) {
	from := w.Fields().ByNumber(r.Number())
	if r.Cardinality() == protoreflect.Required && (from == nil || from.Cardinality() != protoreflect.Required) {
		c.report(RuleRequiredAdded, at(path, r), fmt.Sprintf("The field %s is required, and need not have been written.", r.Name()),
			"Make the field optional. A field can never safely become required.")
	}
	if from != nil {
		return
	}
	// A number is reserved together with its name. If only one of them is, the other was another field's.
	number, name := w.ReservedRanges().Has(r.Number()), w.ReservedNames().Has(r.Name())
	if name && !number || number && !name && w.ReservedNames().Len() > 0 {
		what := fmt.Sprintf("number %d", r.Number())
		if name {
			what = fmt.Sprintf("name %s", r.Name())
		}
		c.report(RuleReservedReused, at(path, r), fmt.Sprintf("The %s of the field %s belonged to a field that was deleted.", what, r.Name()),
			"Take a number and a name that were never used. When a field is deleted, reserve both.")
	}
}

// oneof: fields that could be there at the same time cannot be any more.
func (c *checker) oneof(path string, one protoreflect.OneofDescriptor, w protoreflect.MessageDescriptor) {
	if one.IsSynthetic() {
		return
	}
	groups, moved := make(map[protoreflect.Name]bool), []string{}
	for i := range one.Fields().Len() {
		from := w.Fields().ByNumber(one.Fields().Get(i).Number())
		if from == nil {
			continue
		}
		if had := from.ContainingOneof(); had != nil && !had.IsSynthetic() {
			groups[had.Name()] = true
			continue
		}
		moved = append(moved, string(from.Name()))
	}
	if len(moved)+len(groups) > 1 {
		c.report(RuleMovedToOneof, path+"/"+string(one.Name()), fmt.Sprintf("The oneof %s joins fields that could be set together; all but one of them would be lost.", one.Name()),
			"Leave them where they were, or add new fields to the oneof.")
	}
}

// field compares two fields of the same number.
func (c *checker) field(path string, r, w protoreflect.FieldDescriptor) {
	if r.JSONName() != w.JSONName() && string(r.Name()) != w.JSONName() {
		c.report(RuleNameChanged, path, fmt.Sprintf("The field %d was called %s in JSON and is called %s now.", r.Number(), w.JSONName(), r.JSONName()),
			fmt.Sprintf("Keep the name, or set json_name = %q.", w.JSONName()))
	}
	if r.IsMap() != w.IsMap() {
		c.report(RuleKindChanged, path, fmt.Sprintf("The field %s was %s and is %s now.", r.Name(), describe(w), describe(r)), adviceType)
		return
	}
	if r.IsMap() {
		c.value(path+"/key", r.MapKey(), w.MapKey())
		c.value(path+"/value", r.MapValue(), w.MapValue())
		return
	}
	if r.IsList() != w.IsList() {
		c.report(RuleLabelChanged, path, fmt.Sprintf("The field %s was %s and is %s now.", r.Name(), describe(w), describe(r)),
			"Keep the label. Add a field of another name and number for the other form.")
		return
	}
	c.value(path, r, w)
}

const adviceType = "Keep the type. Add a field of another name and number, and reserve the old ones once nobody sends them."

// value compares the types of two fields.
func (c *checker) value(path string, r, w protoreflect.FieldDescriptor) {
	if family(r.Kind()) != family(w.Kind()) {
		rule := RuleScalarChanged
		if !scalar(r.Kind()) || !scalar(w.Kind()) {
			rule = RuleKindChanged
		}
		c.report(rule, path, fmt.Sprintf("The type was %s and is %s now.", describe(w), describe(r)), adviceType)
		return
	}
	switch r.Kind() {
	case protoreflect.EnumKind:
		if c.meet(r.Enum(), w.Enum()) {
			c.enum(r.Enum(), w.Enum())
		}
	case protoreflect.MessageKind, protoreflect.GroupKind:
		from, to := w.Message(), r.Message()
		if from.FullName() != to.FullName() && (relative(from, c.writer) != relative(to, c.reader) || from.ParentFile() != c.writer || to.ParentFile() != c.reader) {
			c.report(RuleTypeChanged, path, fmt.Sprintf("The type was %s and is %s now.", from.FullName(), to.FullName()), adviceType)
			return
		}
		if !standard(to.ParentFile().Path()) {
			c.pair(to, from)
		}
	default:
	}
}

// family groups the types that can be read as one another, both on the wire and in JSON. Within the integers, what does not
// fit is cut off, as Protobuf defines it. Integers and booleans are one family on the wire alone, as are strings and bytes.
func family(k protoreflect.Kind) protoreflect.Kind {
	switch k {
	case protoreflect.Int32Kind, protoreflect.Uint32Kind, protoreflect.Int64Kind, protoreflect.Uint64Kind:
		return protoreflect.Int64Kind
	case protoreflect.Sint32Kind, protoreflect.Sint64Kind:
		return protoreflect.Sint64Kind
	case protoreflect.Fixed32Kind, protoreflect.Sfixed32Kind:
		return protoreflect.Fixed32Kind
	case protoreflect.Fixed64Kind, protoreflect.Sfixed64Kind:
		return protoreflect.Fixed64Kind
	default:
		return k
	}
}

func scalar(k protoreflect.Kind) bool {
	return k != protoreflect.EnumKind && k != protoreflect.MessageKind && k != protoreflect.GroupKind
}

// describe is what a message calls a field's type.
func describe(f protoreflect.FieldDescriptor) string {
	name := f.Kind().String()
	switch {
	case f.IsMap():
		return "a map"
	case f.Kind() == protoreflect.EnumKind:
		name = string(f.Enum().FullName())
	case f.Message() != nil:
		name = f.Kind().String() + " " + string(f.Message().FullName())
	}
	if f.IsList() {
		return "repeated " + name
	}
	return name
}

// enum compares the constants of two enums: in JSON they are their names, on the wire their numbers.
func (c *checker) enum(r, w protoreflect.EnumDescriptor) {
	path := c.path(r)
	for i := range w.Values().Len() {
		from := w.Values().Get(i)
		to := r.Values().ByName(from.Name())
		switch {
		case to != nil && to.Number() == from.Number():
		case to != nil:
			c.report(RuleConstantChanged, path+"/"+string(from.Name()), fmt.Sprintf("%s was %d and is %d now.", from.Name(), from.Number(), to.Number()),
				"Keep the number of a constant for ever.")
		case r.Values().ByNumber(from.Number()) != nil:
			c.report(RuleConstantChanged, path+"/"+string(from.Name()), fmt.Sprintf("%d was %s and is %s now.", from.Number(), from.Name(), r.Values().ByNumber(from.Number()).Name()),
				"Keep the name of a constant, or add the new one beside it with allow_alias.")
		case !r.ReservedRanges().Has(from.Number()) || !r.ReservedNames().Has(from.Name()):
			c.report(RuleConstantRemoved, path+"/"+string(from.Name()), fmt.Sprintf("The constant %s is not known, so JSON that holds it cannot be read.", from.Name()),
				"Keep the constant. If nobody sends it any more, reserve its number and its name.")
		}
	}
}
