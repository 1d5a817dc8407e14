package archive

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/objects"
	"github.com/observatory/observatory/tenants"
)

// BenchmarkFile writes files of hours of different sizes into a folder, and looks for somebody in them.
func BenchmarkFile(b *testing.B) {
	for _, n := range []int{30, 1000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			storage, err := objects.Open(b.Context(), b.TempDir())
			require.NoError(b, err)
			tenant, at := tenants.ID(uuid.New()), time.Now()
			receipt := ""
			events := make([]Event, n)
			for i := range events {
				if i%50 == 0 {
					receipt = uuid.NewString()
				}
				events[i] = Event{
					Event: []string{"page_view", "search_made", "order_completed"}[i%3], Type: "track", Time: at.UnixMilli() + int64(i), EventID: uuid.NewString(),
					UserID: fmt.Sprintf("user-%d", i%977), AnonymousID: uuid.NewString()[:13], SessionID: uuid.NewString(),
					Properties: fmt.Sprintf(`{"path":"/products/%d","price":%d.5,"title":"A plant with green leaves","referrer":"https://example.com/"}`, i%333, i%100),
					Context:    `{"ip":"192.0.2.0","user_agent":"Mozilla/5.0 (X11; Linux x86_64)","library":{"name":"js","version":"1.2.3"}}`,
					Facts:      `{"browser":"Firefox","country":"NZ","device":"desktop","os":"Linux"}`, SourceID: tenant.String(), ReceivedAt: at.UnixMilli() + int64(i) + 90,
					ReceiptID: receipt, ReceiptIndex: int32(i % 50), SDKName: "js", SDKVersion: "1.2.3", BatchID: tenant.String(), RerunID: none(),
				}
			}
			var bytes int64
			b.ReportAllocs()
			for b.Loop() {
				w, err := createFile(b.Context(), storage, dayFolder(tenant, "2026-11-21")+fileName(3, 1, false), "")
				require.NoError(b, err)
				require.NoError(b, w.add(events))
				var f File
				require.NoError(b, w.close(&f))
				bytes = f.Bytes
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "events/s")
			b.ReportMetric(float64(bytes)/float64(n), "bytes/event")
		})
	}
}
