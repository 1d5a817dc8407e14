package workers_test

import (
	"os"
	"testing"

	"github.com/observatory/observatory/internal/testkit"
)

func TestMain(m *testing.M) {
	if address := os.Getenv(childVariable); address != "" {
		os.Exit(beWorker(address))
	}
	testkit.Main(m)
}
