package ingest_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/observatory/observatory/ingest"
)

// drawBytes draws what may stand in a field: also nothing, bytes that are no text, and more than a one-byte length can say.
func drawBytes(t *rapid.T, name string) []byte {
	return rapid.OneOf(
		rapid.SliceOfN(rapid.Byte(), 0, 20),
		rapid.Map(rapid.IntRange(100, 20_000), func(n int) []byte { return make([]byte, n) }),
	).Draw(t, name)
}

func drawMillis(t *rapid.T, name string) time.Time {
	return time.UnixMilli(rapid.Int64Range(-62135596800000, 253402300799999).Draw(t, name)).UTC() // the years 1 to 9999
}

// drawList draws a list, nil when it is empty.
func drawList[E any](t *rapid.T, name string, element *rapid.Generator[E]) []E {
	if list := rapid.SliceOfN(element, 0, 4).Draw(t, name); len(list) > 0 {
		return list
	}
	return nil
}

func drawRecord(t *rapid.T) (ingest.Header, []ingest.Item) {
	h := ingest.Header{
		ReceivedAt: drawMillis(t, "received at"), CorrelationID: rapid.String().Draw(t, "correlation"), KeepDays: rapid.IntRange(0, 1000).Draw(t, "days"),
	}
	for _, id := range []*[16]byte{(*[16]byte)(&h.Tenant), (*[16]byte)(&h.Source), (*[16]byte)(&h.Key), (*[16]byte)(&h.Receipt)} {
		copy(id[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))
	}
	items := make([]ingest.Item, rapid.IntRange(0, 5).Draw(t, "items"))
	for i := range items {
		e := &items[i].Event
		e.Type = ingest.Type(rapid.IntRange(1, 6).Draw(t, "type")) //nolint:gosec // six of them
		e.Time = drawMillis(t, "time")
		for _, field := range []*[]byte{&e.Name, &e.ID, &e.UserID, &e.AnonymousID, &e.SessionID, &e.Properties, &e.Context, &e.Client.Name, &e.Client.Version, &e.Bot, &e.Facts} {
			*field = drawBytes(t, "field")
		}
		e.Schema = rapid.Int32Min(0).Draw(t, "schema")
		e.Policy = rapid.IntRange(0, 1<<30).Draw(t, "policy")
		e.Redactions = drawList(t, "redactions", rapid.String())
		e.Violations = drawList(t, "violations", rapid.Make[ingest.Violation]())
		items[i].Raw = drawBytes(t, "raw")
		items[i].Verdict = ingest.Verdict(rapid.IntRange(0, int(ingest.Bar)).Draw(t, "verdict")) //nolint:gosec // four of them
		if rapid.Bool().Draw(t, "rejected") {
			items[i].Rejection = &ingest.Rejection{
				Code: rapid.String().Draw(t, "code"), Message: rapid.String().Draw(t, "message"), Path: rapid.String().Draw(t, "path"), Schema: rapid.Int32Min(0).Draw(t, "broken schema"),
			}
			items[i].Format = ingest.Format(rapid.IntRange(0, 3).Draw(t, "format")) //nolint:gosec // four of them
		}
	}
	return h, items
}

// readRecord reads a whole record.
func readRecord(b []byte) (ingest.Header, []ingest.Item, error) {
	r, err := ingest.ReadRecord(b)
	if err != nil {
		return ingest.Header{}, nil, err
	}
	var items []ingest.Item
	for range r.Items {
		var item ingest.Item
		if err := r.Next(&item); err != nil {
			return ingest.Header{}, nil, err
		}
		items = append(items, item)
	}
	return r.Header, items, nil
}

func TestRecordRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		header, items := drawRecord(t)
		before := rapid.SliceOfN(rapid.Byte(), 0, 3).Draw(t, "before")
		b := ingest.AppendRecord(before, header, items)
		require.Equal(t, before, b[:len(before)])
		got, gotItems, err := readRecord(b[len(before):])
		require.NoError(t, err)
		require.Equal(t, header, got)
		require.Len(t, gotItems, len(items))
		for i, want := range items {
			if want.Verdict == ingest.Bar { // of which nothing else is kept
				require.Equal(t, string(want.Event.ID), string(gotItems[i].Event.ID))
				require.Equal(t, ingest.Item{Event: ingest.Event{ID: gotItems[i].Event.ID}, Verdict: ingest.Bar}, gotItems[i])
				continue
			}
			require.Equal(t, want.Verdict, gotItems[i].Verdict)
			if want.Rejection == nil {
				want.Raw = nil // an event's text is not kept
			} else {
				want.Event.Properties = nil // the text stands for them
				want.Event.Schema, want.Event.Bot, want.Event.Facts, want.Event.Violations = 0, nil, nil, nil
			}
			if want.Rejection == nil {
				want.Format = 0
			}
			requireItem(t, want, gotItems[i])
		}
		// Cut short anywhere it is damaged.
		whole := b[len(before):]
		cut := rapid.IntRange(0, len(whole)-1).Draw(t, "cut")
		_, _, err = readRecord(whole[:cut])
		require.Error(t, err)
	})
}

// requireItem compares items; nil and empty bytes are the same.
func requireItem(t require.TestingT, want, got ingest.Item) {
	for _, item := range []*ingest.Item{&want, &got} {
		e := &item.Event
		e.Time = e.Time.UTC()
		for _, field := range []*[]byte{
			&item.Raw, &e.Name, &e.ID, &e.UserID, &e.AnonymousID, &e.SessionID, &e.Properties, &e.Context, &e.Client.Name, &e.Client.Version, &e.Bot, &e.Facts,
		} {
			*field = append([]byte{}, *field...)
		}
	}
	require.Equal(t, want, got)
}

// What an item points to cannot be grown into the one behind it.
func TestRecordFieldsHaveNoRoom(t *testing.T) {
	t.Parallel()
	b := ingest.AppendRecord(nil, ingest.Header{}, []ingest.Item{
		{Event: ingest.Event{Type: ingest.Track, Name: []byte("a"), ID: []byte("1")}},
		{Event: ingest.Event{Type: ingest.Track, Name: []byte("b"), ID: []byte("2")}},
	})
	r, err := ingest.ReadRecord(b)
	require.NoError(t, err)
	var first, second ingest.Item
	require.NoError(t, r.Next(&first))
	_ = append(first.Event.Name, "much more than there is room for in one item"...)
	require.NoError(t, r.Next(&second))
	require.Equal(t, "1", string(first.Event.ID))
	require.Equal(t, "b", string(second.Event.Name))
	require.Error(t, r.Next(&second))
}

// Whatever stands in the log, a record is read or damaged, and what is read stays the same when it is written again.
func FuzzReadRecord(f *testing.F) {
	f.Add([]byte{})
	f.Add(ingest.AppendRecord(nil, ingest.Header{CorrelationID: "c"}, []ingest.Item{
		{Event: ingest.Event{Type: ingest.Page, Name: []byte("page_view"), ID: []byte("1"), Properties: []byte(`{"a":1}`)}},
		{Rejection: &ingest.Rejection{Code: "code", Message: "message"}, Raw: []byte("{")},
	}))
	f.Fuzz(func(t *testing.T, b []byte) {
		header, items, err := readRecord(b)
		if err != nil {
			return
		}
		again, itemsAgain, err := readRecord(ingest.AppendRecord(nil, header, items))
		require.NoError(t, err)
		require.Equal(t, header, again)
		require.Len(t, itemsAgain, len(items))
		for i := range items {
			requireItem(t, items[i], itemsAgain[i])
		}
	})
}
