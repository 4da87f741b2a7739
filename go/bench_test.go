package kmsramcred_test

import (
	"context"
	"testing"

	"github.com/kmsramcred/kmsramcred/go/internal/emulator"
)

func BenchmarkWarmCredential(b *testing.B) {
	kms := emulator.Start(b)
	secret := kms.Secret(kms.Open(), map[string]any{"name": "s"})
	_, err := secret.Credential(b.Context())
	emulator.Must(b, err)
	b.Run("credential", func(b *testing.B) {
		b.ReportAllocs()
		ctx := context.Background()
		for b.Loop() {
			_, _ = secret.Credential(ctx)
		}
	})
	b.Run("one_atomic_load", func(b *testing.B) {
		for b.Loop() {
			_ = secret.LoadKept()
		}
	})
	b.Run("generation_through_cgo", func(b *testing.B) {
		for b.Loop() {
			_ = secret.GenerationThroughCgo()
		}
	})
	b.Run("acquire_through_cgo", func(b *testing.B) {
		for b.Loop() {
			secret.AcquireThroughCgo()
		}
	})
}
