package embedded_test

import (
	"testing"

	"github.com/observatory/observatory/internal/embedded"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	embedded.MaybeRunChild()
	goleak.VerifyTestMain(m)
}
