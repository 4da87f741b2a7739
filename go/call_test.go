package kmsramcred_test

import (
	"context"
	"runtime/pprof"
	"sync"
	"testing"
	"time"

	"github.com/kmsramcred/kmsramcred/go"
	"github.com/kmsramcred/kmsramcred/go/internal/emulator"
)

const refused = "InvalidAccessKeyId.NotFound"

func TestACallIsSentAgainWithTheNewKey(t *testing.T) {
	kms := emulator.Start(t)
	secret := kms.Secret(kms.Open(), map[string]any{"name": "s"})
	old, err := secret.Credential(t.Context())
	must(t, err)
	rotated := kms.Ask("POST", "/secrets/s/rotate", map[string]any{})
	call := secret.NewCall("Ecs", "h")
	if !call.Refused(t.Context(), old.Serial(), refused, 404) {
		t.Fatal("it is not to be sent again")
	}
	fresh, err := secret.Credential(t.Context())
	must(t, err)
	if fresh.AccessKeyID() != rotated["access_key_id"] || fresh.Accepted() {
		t.Fatal(fresh)
	}
	call.Accepted(fresh.Serial())
	if !fresh.Accepted() {
		t.Fatal("a success is not reported")
	}
}

func TestACallWithoutItsBodyRefreshesForTheNextAndWaitsForNobody(t *testing.T) {
	kms := emulator.Start(t)
	secret := kms.Secret(kms.Open(), map[string]any{"name": "s"})
	old, err := secret.Credential(t.Context())
	must(t, err)
	kms.Ask("POST", "/secrets/s/rotate", map[string]any{})
	kms.Ask("POST", "/faults", map[string]any{"at": "kms", "kind": "hang"})
	refuseForGood := func() {
		returns(t, func() { secret.NewCall("oss", "h").RefusedForGood(old.Serial(), "InvalidAccessKeyId", 403) })
	}
	release := secret.HoldReports()
	refuseForGood()
	release()
	stats, err := secret.Client().Stats()
	must(t, err)
	if stats.FailuresReported != 0 {
		t.Fatal("reported without a place")
	}
	refuseForGood()
	kms.Ask("DELETE", "/faults", nil)
	emulator.UntilNewer(t, secret, old.Serial())
}

func TestAReportThatFindsNoPlaceEndsWithTheBudgetOfItsCall(t *testing.T) {
	kms := emulator.Start(t)
	secret := kms.Secret(kms.Open(), map[string]any{"name": "s"})
	old, err := secret.Credential(t.Context())
	must(t, err)
	defer secret.HoldReports()()
	returns(t, func() {
		refusal := kmsramcred.Refusal{Serial: old.Serial(), Service: "Ecs", Host: "h", Code: refused, HTTPStatus: 404, Round: 2}
		verdict, err := secret.ReportFailure(t.Context(), refusal, 50*time.Millisecond)
		if verdict.Action != kmsramcred.GiveUp || err != nil {
			t.Error(verdict, err)
		}
	})
}

// returns fails the test where work waits for something.
func returns(t *testing.T, work func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		work()
	}()
	select {
	case <-done:
	case <-time.After(5 * time.Second):
		t.Fatal("it waits")
	}
}

func TestACallEnds(t *testing.T) {
	kms := emulator.Start(t)
	secret := kms.Secret(kms.Open(), map[string]any{"name": "s"})
	credential, err := secret.Credential(t.Context())
	must(t, err)
	if secret.NewCall("Ecs", "h").Refused(t.Context(), credential.Serial(), "Throttling", 429) {
		t.Error("at an error that is not about the key")
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if secret.NewCall("Ecs", "h").Refused(cancelled, credential.Serial(), refused, 404) {
		t.Error("when its context has ended")
	}
	rounds := secret.NewCall("Ecs", "h")
	kms.Ask("POST", "/secrets/s/rotate", map[string]any{})
	for sent := 1; rounds.Refused(t.Context(), credential.Serial(), refused, 404); sent++ {
		if sent > 16 {
			t.Fatal("never")
		}
	}
}

func TestACallSaysWhyThereIsNoNewerKey(t *testing.T) {
	kms := emulator.Start(t)
	secret := kms.Secret(kms.Open(), map[string]any{"name": "s"})
	credential, err := secret.Credential(t.Context())
	must(t, err)
	kms.Ask("DELETE", "/secrets/s", nil)
	call := secret.NewCall("Ecs", "h")
	for call.Refused(t.Context(), credential.Serial(), refused, 404) {
	}
	if cause := call.Cause(); cause == nil || cause.Status != kmsramcred.ErrKMSNotFound {
		t.Fatal(cause)
	}
}

func TestAThousandRefusedCallsHoldFewThreads(t *testing.T) {
	kms := emulator.Start(t)
	secret := kms.Secret(kms.Open(), map[string]any{"name": "s"})
	old, err := secret.Credential(t.Context())
	must(t, err)
	kms.Ask("POST", "/secrets/s/rotate", map[string]any{})
	kms.Ask("POST", "/faults", map[string]any{"at": "kms", "kind": "delay", "delay_ms": 1500})
	before := pprof.Lookup("threadcreate").Count()
	var group sync.WaitGroup
	for range 1000 {
		emulator.Spawn(&group, func() {
			if !secret.NewCall("Ecs", "h").Refused(t.Context(), old.Serial(), refused, 404) {
				t.Error("it is not sent again")
			}
		})
	}
	emulator.Until(t, "refused calls that wait", func() bool {
		stats, err := secret.Client().Stats()
		return err == nil && stats.FailuresReported >= 32
	})
	group.Wait()
	if made := pprof.Lookup("threadcreate").Count() - before; made > 64 {
		t.Fatalf("%d threads", made)
	}
}

func TestWhatIsNotAboutTheKeyQueuesBehindNobody(t *testing.T) {
	kms := emulator.Start(t)
	secret := kms.Secret(kms.Open(), map[string]any{"name": "s"})
	credential, err := secret.Credential(t.Context())
	must(t, err)
	defer secret.HoldReports()()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	verdict, err := secret.ReportFailure(ctx, kmsramcred.Refusal{
		Serial: credential.Serial(), Service: "oss", Host: "h", Code: "NoSuchKey", HTTPStatus: 404, Round: 1,
	}, kmsramcred.CallBudget)
	must(t, err)
	if verdict.Action != kmsramcred.Unrelated {
		t.Fatal(verdict.Action)
	}
}
