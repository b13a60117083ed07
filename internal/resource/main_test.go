package resource

import (
	"os"
	"testing"
)

// helper makes this binary one of the processes that a test looks at.
const helper = "RESOURCE_TEST_HELPER"

func TestMain(m *testing.M) {
	switch os.Getenv(helper) {
	case "probe":
		probeAndPrint()
	default:
		os.Exit(m.Run())
	}
}
