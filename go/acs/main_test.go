package acs

import (
	"flag"
	"os"
	"testing"

	"github.com/kmsramcred/kmsramcred/go"
	"github.com/kmsramcred/kmsramcred/go/internal/emulator"
)

func TestMain(m *testing.M) {
	kmsramcred.SetLogger(nil)
	flag.Parse()
	examples := &outside{}
	if os.Getenv("KMS_EMULATOR") == "" {
		_ = flag.Set("test.run", "^Test")
	} else {
		kms := emulator.Start(examples)
		kms.Ask("POST", "/secrets", map[string]any{"name": "prod/robot"})
		_ = os.Setenv("EXAMPLE_HOST", kms.Ready.Services["default"])
		_ = os.Setenv("KMSRAMCRED_CONFIG", kms.File())
	}
	code := m.Run()
	examples.end()
	os.Exit(code)
}

// outside stands in for a test where there is none.
type outside struct {
	testing.TB
	ends []func()
}

func (o *outside) Helper()                   {}
func (o *outside) Fatal(told ...any)         { panic(told) }
func (o *outside) Fatalf(_ string, _ ...any) { panic("the emulator for the examples") }
func (o *outside) Cleanup(end func())        { o.ends = append(o.ends, end) }
func (o *outside) TempDir() string {
	made, err := os.MkdirTemp("", "acs-examples-")
	if err != nil {
		panic(err)
	}
	o.Cleanup(func() { _ = os.RemoveAll(made) })
	return made
}

func (o *outside) end() {
	for _, end := range o.ends {
		end()
	}
}
