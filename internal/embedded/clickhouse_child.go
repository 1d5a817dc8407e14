package embedded

import (
	"errors"
	"fmt"
	"os"
	"unsafe"

	"github.com/ebitengine/purego"
)

// clickHouseArg as the first argument makes a program become a ClickHouse server; see MaybeRunChild. It is followed by
// the path of the library and the arguments of clickhouse-local.
const clickHouseArg = "__clickhouse"

// runClickHouse loads the library and serves until it ends; it returns the exit code.
func runClickHouse(args []string) int {
	if err := serveClickHouse(args[0], args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func serveClickHouse(library string, args []string) error {
	handle, err := purego.Dlopen(library, purego.RTLD_NOW|purego.RTLD_GLOBAL)
	if err != nil {
		return fmt.Errorf("load ClickHouse: %w", err)
	}
	var (
		query   func(argc int32, argv unsafe.Pointer) (result uintptr)
		failure func(result uintptr) string
	)
	purego.RegisterLibFunc(&query, handle, "chdb_query_cmdline")
	purego.RegisterLibFunc(&failure, handle, "chdb_result_error")

	argv := make([]*byte, 0, len(args)+2)
	for _, arg := range append([]string{"clickhouse"}, args...) {
		text := append([]byte(arg), 0)
		argv = append(argv, &text[0])
	}
	argv = append(argv, nil)
	if text := failure(query(int32(len(argv)-1), unsafe.Pointer(&argv[0]))); text != "" {
		return errors.New(text)
	}
	return nil
}
