package archive_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/privacy/archive"
)

// A file that was written before events had a time at which they count as usage is read, and its events count when they were received.
func TestFilesOfBeforeAreRead(t *testing.T) {
	t.Parallel()
	type before struct {
		Event      string `parquet:"event,dict"`
		EventID    string `parquet:"event_id"`
		ReceivedAt int64  `parquet:"received_at,delta,timestamp(millisecond)"`
		RerunID    string `parquet:"rerun_id,dict"`
	}
	received := time.Date(2026, 11, 10, 9, 0, 0, 500e6, time.UTC)
	var file bytes.Buffer
	w := parquet.NewGenericWriter[before](&file)
	_, err := w.Write([]before{{Event: "sale", EventID: "e1", ReceivedAt: received.UnixMilli()}})
	require.NoError(t, err)
	require.NoError(t, w.Close())

	opened, err := parquet.OpenFile(bytes.NewReader(file.Bytes()), int64(file.Len()))
	require.NoError(t, err)
	events := make([]archive.Event, 1)
	rows := parquet.NewGenericRowGroupReader[archive.Event](opened.RowGroups()[0])
	n, _ := rows.Read(events)
	require.NoError(t, rows.Close())
	require.Equal(t, 1, n)
	require.Equal(t, "e1", events[0].EventID)
	require.Equal(t, received.Truncate(time.Second), events[0].Metered())
}
