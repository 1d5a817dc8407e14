// Package embedded starts the databases that Observatory needs where the operator has configured none: a real
// ClickHouse and a real PostgreSQL as child processes and a Redis in process, all on loopback, with their data below one
// folder and with a lifetime that never exceeds that of the process that started them. The code above is handed URLs
// and does not know the difference.
//
// ClickHouse is a shared library, which a copy of the running program loads. Every program, and every test binary, that
// starts engines therefore begins with MaybeRunChild.
//
// It works on Linux and macOS.
package embedded

import (
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"os"

	"github.com/observatory/observatory/internal/fault"
)

var (
	// ErrEngineMissing says that an engine's package is not in the runtime folder.
	ErrEngineMissing = fault.New(fault.Unavailable, "engine_missing", "A database engine is not installed.")
	// ErrDataDirInUse says that another process already runs on the data folder.
	ErrDataDirInUse = fault.New(fault.Conflict, "data_dir_in_use", "The data folder is in use by another Observatory.")
	// ErrNotRunning says that no process has started engines on a data folder.
	ErrNotRunning = fault.New(fault.Unavailable, "not_running", "No Observatory is running on this data folder.")
)

// MaybeRunChild takes over when this process was started to be a ClickHouse: it then serves until its parent ends, and
// exits. In any other process it returns at once. It must be the first thing that main (or TestMain) does.
func MaybeRunChild() {
	if len(os.Args) > 1 && os.Args[1] == clickHouseArg {
		os.Exit(runClickHouse(os.Args[2:]))
	}
}

// newPassword returns 128 random bits in hex, which need no escaping in a URL, in XML or in SQL.
func newPassword() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

func orDiscard(l *slog.Logger) *slog.Logger {
	if l == nil {
		return slog.New(slog.DiscardHandler)
	}
	return l
}
