// Command s3 is an object storage for tests: a real one (VersityGW) on a folder, on loopback. It ends when its input is closed, which
// happens at the latest when the tests that started it end, and leaves nothing behind. It is a module of its own, so that nothing of it is in
// the product's.
//
//	s3 PORT
//
// Key and secret are "test" and "testtest". Buckets can keep versions.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/embedgw"
)

func main() {
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "s3:", err)
		os.Exit(1)
	}
}

func run(port string) (err error) {
	folder, err := os.MkdirTemp("", "observatory-s3-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	var dirs []string
	for _, name := range []string{"buckets", "metadata", "versions", "users"} {
		dir := filepath.Join(folder, name)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		dirs = append(dirs, dir)
	}
	metadata, err := meta.NewSideCar(dirs[1])
	if err != nil {
		return err
	}
	storage, err := posix.New(dirs[0], metadata, posix.PosixOpts{SideCarDir: dirs[1], VersioningDir: dirs[2]})
	if err != nil {
		return err
	}
	ctx, end := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		end()
	}()
	return embedgw.RunVersityGW(ctx, storage, &embedgw.Config{
		RootUserAccess: "test", RootUserSecret: "testtest", Ports: []string{"127.0.0.1:" + port}, IAMDir: dirs[3],
		MaxConnections: 100, MaxRequests: 100, MultipartMaxParts: 1000, Quiet: true, KeepAlive: true, DisableACLs: true,
	})
}
