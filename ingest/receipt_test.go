package ingest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/tenants"
)

func drawReceiptID(t *rapid.T) (id ingest.ReceiptID, at time.Time, count int, durable bool) {
	at = time.UnixMilli(rapid.Int64Range(946684800000, 4102444800000).Draw(t, "at")).UTC()
	count = rapid.IntRange(0, ingest.MaxEvents).Draw(t, "count")
	durable = rapid.Bool().Draw(t, "durable")
	return ingest.NewReceiptID(at, count, durable), at, count, durable
}

func TestReceiptID(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		id, at, count, durable := drawReceiptID(t)
		require.Equal(t, at, id.ReceivedAt())
		require.Equal(t, count, id.Count())
		require.Equal(t, durable, id.Durable())
		require.Equal(t, uuid.Version(7), uuid.UUID(id).Version())
		require.Equal(t, uuid.RFC4122, uuid.UUID(id).Variant())
		require.NotEqual(t, id, ingest.NewReceiptID(at, count, durable))
	})
}

func TestReceiptSeal(t *testing.T) {
	t.Parallel()
	receipts, others := ingest.NewReceipts([]byte("secret")), ingest.NewReceipts([]byte("another"))
	rapid.Check(t, func(t *rapid.T) {
		id, _, _, _ := drawReceiptID(t)
		tenant := tenants.ID(uuid.New())
		text := receipts.Seal(tenant, id)
		require.Len(t, text, 44)
		got, err := receipts.Open(tenant, text)
		require.NoError(t, err)
		require.Equal(t, id, got)

		_, err = receipts.Open(tenants.ID(uuid.New()), text)
		require.ErrorIs(t, err, ingest.ErrNoReceipt, "another tenant's")
		_, err = others.Open(tenant, text)
		require.ErrorIs(t, err, ingest.ErrNoReceipt, "another installation's")

		at := rapid.IntRange(0, len(text)-1).Draw(t, "at")
		letter := rapid.SampledFrom([]string{"", "0", "z", "Z", "-", " ", "\n", "é", "00"}).Draw(t, "letter")
		if changed := text[:at] + letter + text[at+1:]; changed != text {
			_, err = receipts.Open(tenant, changed)
			require.ErrorIs(t, err, ingest.ErrNoReceipt, changed)
		}
		for _, changed := range []string{text + "\n", text[:10] + "\r\n" + text[10:], " " + text, text + "00000000", strings.ToUpper(text)} {
			_, err = receipts.Open(tenant, changed)
			require.ErrorIs(t, err, ingest.ErrNoReceipt, changed)
		}
	})
}

// A receipt has one text. Nothing else opens.
func FuzzReceiptOpen(f *testing.F) {
	receipts := ingest.NewReceipts([]byte("secret"))
	tenant := tenants.ID(uuid.MustParse("00000000-0000-4000-8000-000000000001"))
	sealed := receipts.Seal(tenant, ingest.ReceiptID(uuid.MustParse("0197a3b2-5c4d-7002-8a9b-000000000001")))
	f.Add(sealed)
	f.Add("rcp_")
	f.Add("rcp_\n" + sealed[4:])
	f.Add(strings.ToUpper(sealed))
	f.Fuzz(func(t *testing.T, text string) {
		id, err := receipts.Open(tenant, text)
		if err != nil {
			require.ErrorIs(t, err, ingest.ErrNoReceipt)
			return
		}
		require.Equal(t, text, receipts.Seal(tenant, id))
	})
}

func TestCounts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var sum, sum2 ingest.Counts
		added := int64(0)
		for range rapid.IntRange(0, 10).Draw(t, "times") {
			status := ingest.Status(rapid.IntRange(int(ingest.Stored), int(ingest.Held)).Draw(t, "status")) //nolint:gosec // few
			n := rapid.Int64Range(0, 1000).Draw(t, "n")
			sum.Add(status, n)
			var one ingest.Counts
			one.Add(status, n)
			sum2 = sum2.Plus(one)
			added += n
		}
		require.True(t, sum.Balanced())
		require.Equal(t, added, sum.Received)
		require.Equal(t, sum, sum2)
		sum.Add(ingest.Pending, 1)
		require.False(t, sum.Balanced())
	})
}
