package quota_test

import (
	"flag"
	"os"
	"testing"

	"github.com/observatory/observatory/internal/testkit"
)

// TestMain makes few random histories, or with OBSERVATORY_TEST_LONG=1 many. -rapid.checks says otherwise.
func TestMain(m *testing.M) {
	checks := "5"
	if os.Getenv("OBSERVATORY_TEST_LONG") == "1" {
		checks = "400"
	}
	if err := flag.Set("rapid.checks", checks); err != nil {
		panic(err)
	}
	testkit.Main(m)
}
