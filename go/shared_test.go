package kmsramcred_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/kmsramcred/kmsramcred/go"
	"github.com/kmsramcred/kmsramcred/go/internal/emulator"
)

func TestTheDefaultClientIsThatOfTheNamedFile(t *testing.T) {
	kms := emulator.Start(t)
	kms.Ask("POST", "/secrets", map[string]any{"name": "s"})
	t.Cleanup(func() { kmsramcred.SetConfigFile("") })

	kmsramcred.SetConfigFile(kms.File())
	if kmsramcred.ConfigFile() != kms.File() {
		t.Fatal(kmsramcred.ConfigFile())
	}
	first, err := kmsramcred.Default()
	must(t, err)
	again, err := kmsramcred.Default()
	must(t, err)
	secret, err := first.Secret("s")
	must(t, err)
	_, err = secret.Credential(t.Context())
	must(t, err)

	must(t, kmsramcred.CloseDefault())
	must(t, kmsramcred.CloseDefault())
	fresh, err := kmsramcred.Default()
	must(t, err)
	t.Cleanup(func() { _ = fresh.Close() })
	if again != first || fresh == first {
		t.Fatal(first, again, fresh)
	}
	if err := secret.Refresh(t.Context()); !errors.Is(err, kmsramcred.ErrClosed) {
		t.Fatal(err)
	}
	must(t, kmsramcred.CloseDefault())
}

func TestANamedFileThatIsNotThereIsAnError(t *testing.T) {
	t.Cleanup(func() { kmsramcred.SetConfigFile("") })
	missing := filepath.Join(t.TempDir(), "missing.properties")
	kmsramcred.SetConfigFile(missing)
	if _, err := kmsramcred.Default(); !errors.Is(err, kmsramcred.ErrConfigMissing) {
		t.Fatal(err)
	}
	// It is looked for again.
	must(t, os.WriteFile(missing, []byte("credentials_type=ak\n"), 0o600))
	if _, err := kmsramcred.Default(); !errors.Is(err, kmsramcred.ErrConfigInvalid) {
		t.Fatal(err)
	}
}
