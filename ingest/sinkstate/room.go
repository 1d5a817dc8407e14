package sinkstate

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// leastRoom is the free disk space, in bytes, without which nothing is taken in: Pebble writes its memory to files of its own accord, and
// ends the process when it cannot. The log leaves more than that (eventlog.Config.ReserveBytes), so that the sink can
// always carry away a log that has filled the disk.
const leastRoom = 32 << 20

// room watches the disk that the state lies on.
type room struct {
	fs     vfs.FS
	dir    string
	logger *slog.Logger
}

// check returns an error when there is too little room to take something in.
func (r room) check() error {
	usage, err := r.fs.GetDiskUsage(r.dir)
	if err != nil {
		return nil //nolint:nilerr // a file system that cannot say how full it is, is used until it refuses
	}
	if usage.AvailBytes < leastRoom {
		return fmt.Errorf("the disk is nearly full: %d bytes are free and the sink's state needs %d", usage.AvailBytes, leastRoom)
	}
	return nil
}

// patient is the file system for Pebble: where the disk is full, a write waits until it is not and is tried again, so that Pebble never
// sees a disk that is full.
func (r room) patient() vfs.FS {
	const pause = 200 * time.Millisecond
	return vfs.OnDiskFull(r.fs, func() {
		r.logger.Error("the disk is full; the sink waits for room")
		for {
			time.Sleep(pause)
			if r.check() == nil {
				r.logger.Info("the disk has room again")
				return
			}
		}
	})
}
