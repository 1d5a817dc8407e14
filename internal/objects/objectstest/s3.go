// Package objectstest gives tests a real object storage.
package objectstest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/uuid"
)

// S3 returns the address (see package objects) of an empty bucket in an object storage that the tests of one package share. From a bucket
// that keeps versions nothing goes by being deleted.
func S3(tb testing.TB, versions bool) string {
	tb.Helper()
	server, err := shared()
	if err != nil {
		tb.Fatalf("objectstest: %v", err)
	}
	endpoint := server.endpoint
	bucket := "test-" + uuid.NewString()
	transport := &http.Transport{DisableKeepAlives: true}
	client := s3.New(s3.Options{
		BaseEndpoint: &endpoint, Region: "us-east-1", UsePathStyle: true, HTTPClient: &http.Client{Transport: transport},
		Credentials: credentials.NewStaticCredentialsProvider("test", "testtest", ""),
	})
	if _, err := client.CreateBucket(tb.Context(), &s3.CreateBucketInput{Bucket: &bucket}); err != nil {
		tb.Fatalf("objectstest: make a bucket: %v", err)
	}
	if versions {
		_, err := client.PutBucketVersioning(tb.Context(), &s3.PutBucketVersioningInput{
			Bucket: &bucket, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled},
		})
		if err != nil {
			tb.Fatalf("objectstest: have a bucket keep versions: %v", err)
		}
	}
	return fmt.Sprintf("s3://test:testtest@%s/some/prefix?endpoint=%s&path-style=true", bucket, endpoint)
}

// shared starts the storage, once. It ends by itself when this process does, and removes what it kept.
var shared = sync.OnceValues(start) //nolint:gochecknoglobals // tests of a package have no other way to share something

// storage is a process of tests/s3, which ends when its input is closed: when this process ends, and not before.
type storage struct {
	endpoint string
	input    io.Closer
}

func start() (*storage, error) {
	module, err := root()
	if err != nil {
		return nil, err
	}
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	port := l.Addr().(*net.TCPAddr).Port
	if err := l.Close(); err != nil {
		return nil, err
	}
	out, err := os.CreateTemp("", "observatory-s3-*.log")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.Remove(out.Name()) }()
	cmd := exec.Command("go", "run", ".", strconv.Itoa(port)) //nolint:noctx // it ends with this process
	cmd.Dir, cmd.Stdout, cmd.Stderr = filepath.Join(module, "tests", "s3"), out, out
	input, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the object storage: %w", err)
	}
	address := "127.0.0.1:" + strconv.Itoa(port)
	deadline := time.Now().Add(3 * time.Minute) // it may have to be compiled first
	for time.Now().Before(deadline) {
		if conn, err := new(net.Dialer).DialContext(context.Background(), "tcp", address); err == nil {
			return &storage{endpoint: "http://" + address, input: input}, conn.Close()
		}
		time.Sleep(10 * time.Millisecond)
	}
	said, _ := os.ReadFile(out.Name())
	return nil, fmt.Errorf("the object storage does not come up: %s", said)
}

// root is the folder of the module.
func root() (string, error) {
	dir, err := os.Getwd()
	for err == nil {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("no go.mod here or above")
		}
		dir = filepath.Dir(dir)
	}
	return "", err
}
