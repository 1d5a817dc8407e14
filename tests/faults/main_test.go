//go:build linux

package faults_test

import (
	"os"
	"testing"

	"github.com/observatory/observatory/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// orLong is short, unless somebody has asked for the long version of these tests.
func orLong[T any](short, long T) T {
	if os.Getenv("OBSERVATORY_TEST_LONG") == "1" {
		return long
	}
	return short
}
