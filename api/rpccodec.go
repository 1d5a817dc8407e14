package api

import (
	"fmt"
	"io"

	"connectrpc.com/connect"
	"github.com/klauspost/compress/gzip"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	observatoryv1 "github.com/observatory/observatory/api/gen/observatory/v1"
	"github.com/observatory/observatory/api/message"
	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/wire"
	"github.com/observatory/observatory/internal/fault"
)

// rpcMessage is a PublishRequest as it came, to be read by package message.
type rpcMessage struct {
	data []byte
	json bool // as protobuf's JSON, and not in its wire format
}

// rpcCodec reads requests as they are and writes answers as protobuf does.
type rpcCodec struct{ name string }

// Name implements connect.Codec.
func (c rpcCodec) Name() string { return c.name }

// Marshal implements connect.Codec.
func (c rpcCodec) Marshal(m any) ([]byte, error) {
	out, ok := m.(proto.Message)
	switch {
	case !ok:
		return nil, fmt.Errorf("%T is no message", m)
	case c.name == "json":
		return protojson.MarshalOptions{EmitUnpopulated: true}.Marshal(out)
	default:
		return proto.Marshal(out)
	}
}

// Unmarshal implements connect.Codec. The bytes are connect's, and used again by it.
func (c rpcCodec) Unmarshal(data []byte, m any) error {
	in, ok := m.(*rpcMessage)
	if !ok {
		return fmt.Errorf("%T is no request", m)
	}
	in.data, in.json = append([]byte(nil), data...), c.name == "json"
	return nil
}

// A message in JSON becomes Go objects, which take up to 70 times as much memory (a list of {"":{}} does). So it may not be as large
// as one in the wire format.
const (
	maxJSON    = 1 << 20 // bytes
	treeFactor = 70
)

var errJSONTooLarge = fault.New(fault.TooLarge, "body_too_large", "A message in JSON may have %d bytes. Send smaller batches, or Protobuf.", maxJSON)

// toProtobuf turns protobuf's JSON into its wire format, within the memory of the body. Errors: message.ErrInvalid, errJSONTooLarge, busy.
func (m *rpcMessage) toProtobuf(b *body) error {
	if !m.json {
		return nil
	}
	if len(m.data) > maxJSON {
		return errJSONTooLarge
	}
	if err := b.hold(treeFactor * len(m.data)); err != nil {
		return err
	}
	defer b.release()
	var tree observatoryv1.PublishRequest
	err := protojson.UnmarshalOptions{RecursionLimit: 10 * ingest.MaxDepth}.Unmarshal(m.data, &tree)
	if err == nil {
		m.data, err = proto.Marshal(&tree)
	}
	if err != nil {
		return message.ErrInvalid.Because(err)
	}
	m.json = false
	return nil
}

func anyOf(d *connect.ErrorDetail) *anypb.Any {
	return &anypb.Any{TypeUrl: "type.googleapis.com/" + d.Type(), Value: d.Bytes()}
}

// heldBody counts the memory of the message that is being read from a request's body. Calls are made by one goroutine.
type heldBody struct {
	io.ReadCloser
	body   *body
	n      int // bytes of the message so far
	limit  int // of them; 0: connect looks after it
	failed func(error) error
}

// Read implements io.Reader. Its errors come through connect to the caller as they are.
func (h *heldBody) Read(p []byte) (int, error) {
	n, err := h.ReadCloser.Read(p)
	h.n += n
	if h.limit > 0 && h.n > h.limit {
		return n, h.failed(wire.ErrBodyTooLarge)
	}
	if full := h.body.hold(h.n); full != nil {
		return n, h.failed(full)
	}
	return n, err
}

// next says that the message was read and what comes belongs to another.
func (h *heldBody) next() {
	h.n = 0
	h.body.release()
}

// inflater decompresses messages within the memory of all bodies. connect resets it before each message and closes it behind.
type inflater struct {
	gzip.Reader
	body *body
	n    int
}

func (s *server) newInflater() connect.Decompressor {
	return &inflater{body: &body{of: s.bodies}}
}

// Reset implements connect.Decompressor.
func (i *inflater) Reset(r io.Reader) error {
	i.n = 0
	return i.Reader.Reset(r)
}

// Read implements io.Reader.
func (i *inflater) Read(p []byte) (int, error) {
	n, err := i.Reader.Read(p)
	if i.n += n; i.n > ingest.MaxWireBytes {
		return n, newRPCError(wire.ErrBodyTooLarge, "")
	}
	if full := i.body.hold(i.n); full != nil {
		return n, newRPCError(fault.From(full), "")
	}
	return n, err
}

// Close implements connect.Decompressor. The message's memory counts as its reader's from here on.
func (i *inflater) Close() error {
	i.body.release()
	return i.Reader.Close()
}

func newDeflater() connect.Compressor { return gzip.NewWriter(io.Discard) }
