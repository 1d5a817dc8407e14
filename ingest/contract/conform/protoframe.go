package conform

import (
	"sync"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/observatory/observatory/ingest"
)

// protoPlans are the plans of a file's messages, each made when its first payload comes.
type protoPlans struct {
	writer, reader protoreflect.FileDescriptor
	plans          sync.Map // of protoreflect.FullName, to *protoPlan
}

func newProtoPlans(writer, reader protoreflect.FileDescriptor) *protoPlans {
	if reader == nil {
		reader = writer
	}
	return &protoPlans{writer: writer, reader: reader}
}

// open reads which message a payload is of: a list of places, from the file down into messages within messages, as
// registry clients write it (zigzag varints, the count first). The single byte 0 is short for the file's first message.
func (p *protoPlans) open(data []byte) (*protoPlan, []byte, *ingest.Rejection) {
	broken := func() *ingest.Rejection {
		return rejected(ingest.CodePayloadInvalid, "The payload does not say which message it is of. After the schema's ID comes the list of message indexes; the byte 0 means the first message.")
	}
	next := func() (int, bool) {
		v, n := protowire.ConsumeVarint(data)
		if n < 0 {
			return 0, false
		}
		data = data[n:]
		i := protowire.DecodeZigZag(v)
		return int(i), i >= 0 && i < 1<<16
	}
	count, ok := next()
	if !ok || count > ingest.MaxDepth {
		return nil, nil, broken()
	}
	at := []int{0}
	if count > 0 {
		at = at[:0]
	}
	for range count {
		i, ok := next()
		if !ok {
			return nil, nil, broken()
		}
		at = append(at, i)
	}
	message := messageAt(p.writer, at)
	if message == nil {
		return nil, nil, broken()
	}
	if had, ok := p.plans.Load(message.FullName()); ok {
		plan, _ := had.(*protoPlan)
		return plan, data, nil
	}
	reader := counterpart(p.reader, message, at)
	if reader == nil {
		return nil, nil, rejected(ingest.CodeSchemaIncompatible, "The event's schema has no message %s, which the payload is of.", message.FullName())
	}
	plan := planProto(message, reader)
	had, _ := p.plans.LoadOrStore(message.FullName(), plan)
	plan, _ = had.(*protoPlan)
	if plan.known != "" {
		return nil, nil, rejected(ingest.CodePayloadInvalid, "The payload's message is not one that holds properties.")
	}
	return plan, data, nil
}

func messageAt(file protoreflect.FileDescriptor, at []int) protoreflect.MessageDescriptor {
	messages := file.Messages()
	for i, index := range at {
		if index >= messages.Len() {
			return nil
		}
		message := messages.Get(index)
		if i == len(at)-1 {
			return message
		}
		messages = message.Messages()
	}
	return nil
}

// counterpart finds the reader's message: of the same full name, or else of the same name at the same place, as after a
// change of package.
func counterpart(file protoreflect.FileDescriptor, message protoreflect.MessageDescriptor, at []int) protoreflect.MessageDescriptor {
	var find func(messages protoreflect.MessageDescriptors) protoreflect.MessageDescriptor
	find = func(messages protoreflect.MessageDescriptors) protoreflect.MessageDescriptor {
		for i := range messages.Len() {
			m := messages.Get(i)
			if m.FullName() == message.FullName() {
				return m
			}
			if inner := find(m.Messages()); inner != nil {
				return inner
			}
		}
		return nil
	}
	if m := find(file.Messages()); m != nil {
		return m
	}
	if m := messageAt(file, at); m != nil && m.Name() == message.Name() {
		return m
	}
	return nil
}
