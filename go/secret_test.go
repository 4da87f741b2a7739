package kmsramcred_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kmsramcred/kmsramcred/go"
	"github.com/kmsramcred/kmsramcred/go/internal/emulator"
)

var must = emulator.Must

func TestAWarmCredentialAllocatesNothingAndIsTheSame(t *testing.T) {
	kms := emulator.Start(t)
	secret := kms.Secret(kms.Open(), map[string]any{"name": "s"})
	first, err := secret.Credential(t.Context())
	must(t, err)
	allocations := testing.AllocsPerRun(1000, func() {
		again, err := secret.Credential(context.Background())
		if err != nil || again != first {
			t.Fatal("a warm read gave something else")
		}
	})
	if allocations != 0 {
		t.Fatalf("%v allocations", allocations)
	}
}

func TestARotationReachesWhoWasRefused(t *testing.T) {
	kms := emulator.Start(t)
	secret := kms.Secret(kms.Open(), map[string]any{"name": "s"})
	old, err := secret.Credential(t.Context())
	must(t, err)
	secret.ReportSuccess(old.Serial())
	if !old.Accepted() {
		t.Fatal("a reported success is not seen")
	}
	rotated := kms.Ask("POST", "/secrets/s/rotate", map[string]any{})
	var group sync.WaitGroup
	for range 64 {
		emulator.Spawn(&group, func() {
			refusal := kmsramcred.Refusal{Serial: old.Serial(), Service: "Ecs", Host: "h", Code: "InvalidAccessKeyId.NotFound",
				HTTPStatus: 404, Round: 1}
			verdict, err := secret.ReportFailure(t.Context(), refusal, 10*time.Second)
			if err != nil || verdict.Action != kmsramcred.Retry {
				t.Errorf("%v %v", verdict, err)
			}
			fresh, err := secret.Credential(t.Context())
			if err != nil || fresh.AccessKeyID() != rotated["access_key_id"] {
				t.Errorf("%v %v", fresh, err)
			}
		})
	}
	group.Wait()
	stats, err := secret.Client().Stats()
	must(t, err)
	if stats.RefreshesOK != 2 {
		t.Fatalf("%d fetches", stats.RefreshesOK)
	}
}

func TestATemporaryKeyIsNotServedPastItsEnd(t *testing.T) {
	kms := emulator.Start(t)
	secret := kms.Secret(kms.Open(), map[string]any{"name": "s", "security_token": "tok", "expire_seconds": 2})
	credential, err := secret.Credential(t.Context())
	must(t, err)
	end, ends := credential.NotAfter()
	if !ends || credential.SecurityToken() != "tok" {
		t.Fatal("it has no end or no token")
	}
	kms.Ask("POST", "/kms", map[string]any{"down": true})
	emulator.Until(t, "the end of the key", func() bool { return time.Now().After(end) })
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if _, err := secret.Credential(ctx); !errors.Is(err, kmsramcred.ErrExpired) {
		t.Fatal(err)
	}
}

func TestACancelledCallerLeavesAtOnceAndTheFetchGoesOn(t *testing.T) {
	kms := emulator.Start(t)
	secret := kms.Secret(kms.Open(), map[string]any{"name": "s"})
	kms.Ask("POST", "/faults", map[string]any{"at": "kms", "kind": "delay", "delay_ms": 1500})
	ctx, cancel := context.WithCancel(t.Context())
	left := make(chan error)
	go func() { _, err := secret.Credential(ctx); left <- err }()
	stays := make(chan error)
	go func() { _, err := secret.Credential(t.Context()); stays <- err }()
	emulator.Until(t, "two waiters", func() bool {
		explained, err := secret.Explain()
		return err == nil && strings.Contains(string(explained), `"waiting_callers":2`)
	})
	cancel()
	began := time.Now()
	if err := <-left; !errors.Is(err, context.Canceled) || time.Since(began) > time.Second {
		t.Fatal(err, time.Since(began))
	}
	must(t, <-stays)
}

func TestADeadlineIsToldInTheLibrarysWords(t *testing.T) {
	kms := emulator.Start(t)
	secret := kms.Secret(kms.Open(), map[string]any{"name": "s"})
	kms.Ask("POST", "/faults", map[string]any{"at": "kms", "kind": "hang"})
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, err := secret.Credential(ctx)
	var told *kmsramcred.Error
	if !errors.As(err, &told) || !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, kmsramcred.ErrTimeout) {
		t.Fatal(err)
	}
	if _, err := secret.CredentialNow(); !errors.Is(err, kmsramcred.ErrNotReady) {
		t.Fatal(err)
	}
}

func TestAnErrorSaysWhatTheServiceSaid(t *testing.T) {
	kms := emulator.Start(t)
	secret, err := kms.Open().Secret("none")
	must(t, err)
	_, err = secret.Credential(t.Context())
	var told *kmsramcred.Error
	if !errors.As(err, &told) || !errors.Is(err, kmsramcred.ErrKMSNotFound) || errors.Is(err, kmsramcred.ErrKMSDenied) {
		t.Fatal(err)
	}
	if told.Code != "Forbidden.ResourceNotFound" || told.RequestID == "" || told.Advice == "" || told.HTTPStatus != 404 {
		t.Fatalf("%+v", told)
	}
}

func TestACredentialShowsNoSecret(t *testing.T) {
	kms := emulator.Start(t)
	fields := map[string]any{"name": "s", "security_token": "NEVER-SHOWN"}
	credential, err := kms.Secret(kms.Open(), fields).Credential(t.Context())
	must(t, err)
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "c", credential, "v", *credential)
	marshalled, err := json.Marshal(map[string]any{"c": credential, "v": *credential})
	must(t, err)
	holder := struct{ c kmsramcred.Credential }{*credential}
	shown := log.String() + string(marshalled)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		shown += fmt.Sprintf(verb+verb+verb, credential, *credential, holder)
	}
	for _, hidden := range []string{credential.AccessKeySecret(), "NEVER-SHOWN", credential.AccessKeyID()} {
		if strings.Contains(shown, hidden) || strings.Contains(shown, fmt.Sprintf("%x", hidden)) {
			t.Fatalf("%s is shown: %s", hidden, shown)
		}
	}
	if !strings.Contains(shown, credential.AccessKeyID()[len(credential.AccessKeyID())-4:]) {
		t.Fatal("it cannot be told from another one")
	}
}

func TestClosingBesideCallsIsSafeAndRepeatable(t *testing.T) {
	kms := emulator.Start(t)
	client := kms.Open()
	secret := kms.Secret(client, map[string]any{"name": "s"})
	kms.Ask("POST", "/faults", map[string]any{"at": "kms", "kind": "hang"})
	var group sync.WaitGroup
	for range 40 {
		emulator.Spawn(&group, func() {
			if _, err := secret.Credential(t.Context()); !errors.Is(err, kmsramcred.ErrClosed) {
				t.Error(err)
			}
		})
	}
	emulator.Until(t, "waiters", func() bool {
		explained, err := secret.Explain()
		return err == nil && strings.Contains(string(explained), `"waiting_callers":32`)
	})
	for range 4 {
		emulator.Spawn(&group, func() {
			if err := client.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if _, err := secret.Credential(t.Context()); !errors.Is(err, kmsramcred.ErrClosed) {
		t.Fatal(err)
	}
}

func TestAForgottenClientEndsAndItsCredentialStays(t *testing.T) {
	kms := emulator.Start(t)
	kms.Ask("POST", "/secrets", map[string]any{"name": "s"})
	credential := func() *kmsramcred.Credential {
		client, err := kmsramcred.Open(kms.Options()...)
		must(t, err)
		secret, err := client.Secret("s")
		must(t, err)
		credential, err := secret.Credential(t.Context())
		must(t, err)
		return credential
	}()
	for range 5 {
		runtime.GC()
	}
	if credential.AccessKeySecret() == "" {
		t.Fatal("it is gone")
	}
}

func TestAWrongSettingNamesFileAndKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.properties")
	must(t, os.WriteFile(path, []byte("credentials_type=nonsense\n"), 0o600))
	_, err := kmsramcred.Open(kmsramcred.WithFile(path), kmsramcred.WithoutEnvironment())
	if !errors.Is(err, kmsramcred.ErrConfigInvalid) || !strings.Contains(err.Error(), path) {
		t.Fatal(err)
	}
	if _, err := kmsramcred.Open(kmsramcred.WithFile("")); !errors.Is(err, kmsramcred.ErrInvalidArgument) {
		t.Fatal(err)
	}
}

func TestTheEnvironmentAloneIsEnoughWhereNobodyNamesAFile(t *testing.T) {
	t.Chdir(t.TempDir())
	if _, err := kmsramcred.Open(kmsramcred.WithoutEnvironment()); !errors.Is(err, kmsramcred.ErrConfigMissing) {
		t.Fatal(err)
	}
	t.Setenv("credentials_type", "ecs_ram_role")
	t.Setenv("cache_client_region_id", `[{"regionId":"cn-hangzhou"}]`)
	client, err := kmsramcred.Open()
	must(t, err)
	must(t, client.Close())
}
