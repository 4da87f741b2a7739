package acs

import (
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/cr"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/sts"
	"github.com/kmsramcred/kmsramcred/go"
	"github.com/kmsramcred/kmsramcred/go/internal/emulator"
)

// named makes the emulator the KMS of the default client.
func (s *stage) named() {
	SetConfigName(s.File())
	s.t.Cleanup(func() {
		must(s.t, kmsramcred.CloseDefault())
		SetConfigName("")
	})
}

func (s *stage) get(config *sdk.Config) *sts.Client {
	s.t.Helper()
	client, err := GetClientWithOptions(&sts.Client{}, "cn-hangzhou", config, "s")
	must(s.t, err)
	client.(*sts.Client).Domain = s.relay.host
	return client.(*sts.Client)
}

func TestGetClientFillsAProductClient(t *testing.T) {
	s := newStage(t)
	s.named()
	empty := &sts.Client{}
	got, err := GetClient(empty, "cn-hangzhou", "s")
	must(t, err)
	if got != any(empty) || empty.EndpointType != "regional" {
		t.Fatal(got)
	}
	empty.Domain = s.relay.host
	must(t, discard(empty.GetCallerIdentity(identity())))
	s.rotate()
	must(t, discard(empty.GetCallerIdentity(identity())))
	s.relay.statuses(t, 200, 404, 200)

	central := &sts.Client{}
	central.EndpointType = "central"
	must(t, discard(GetClient(central, "cn-hangzhou", "s")))
	if central.EndpointType != "central" {
		t.Fatal(central.EndpointType)
	}
	config := sdk.NewConfig().WithScheme("HTTPS")
	if s.get(config).GetConfig() != config {
		t.Fatal("the config is another one")
	}
}

func TestWhatIsNoClientIsSaid(t *testing.T) {
	for _, wrong := range []any{nil, sts.Client{}, "ecs", &struct{ Client int }{}, (*sts.Client)(nil), new(int)} {
		if _, err := GetClient(wrong, "cn-hangzhou", "s"); err == nil || !strings.Contains(err.Error(), "&ecs.Client{}") {
			t.Errorf("%T: %v", wrong, err)
		}
	}
	s := newStage(t)
	s.named()
	if _, err := GetClient(&sts.Client{}, "no region", "s"); err == nil || !strings.Contains(err.Error(), "regionId") {
		t.Fatal(err)
	}
	if _, err := NewClient(sts.NewClientWithOptions, "no region", nil, s.secret); err == nil {
		t.Fatal("a wrong region is taken")
	}
	SetConfigName("/nowhere/at/all.properties")
	if _, err := GetClient(&sts.Client{}, "cn-hangzhou", "s"); !errors.Is(err, kmsramcred.ErrConfigMissing) {
		t.Fatal(err)
	}
	SetConfigName(s.File())
}

func TestASecretThatCannotBeHadIsAnErrorOfTheCall(t *testing.T) {
	s := newStage(t)
	s.named()
	client := &sts.Client{}
	must(t, discard(GetClient(client, "cn-hangzhou", "missing")))
	client.Domain = s.relay.host
	if _, err := client.GetCallerIdentity(identity()); !errors.Is(err, kmsramcred.ErrKMSNotFound) {
		t.Fatal(err)
	}
}

func TestClosingEndsOneClientAndNoOther(t *testing.T) {
	s := newStage(t)
	s.named()
	one, other := s.get(nil), s.get(nil)
	must(t, discard(one.GetCallerIdentity(identity())))
	CloseClient(one)
	CloseClient(one)
	CloseClient("nothing of ours")
	if _, err := one.GetCallerIdentity(identity()); !errors.Is(err, kmsramcred.ErrClosed) {
		t.Fatal(err)
	}
	s.rotate()
	must(t, discard(other.GetCallerIdentity(identity())))
	CloseClients()
	if _, err := other.GetCallerIdentity(identity()); !errors.Is(err, kmsramcred.ErrClosed) {
		t.Fatal(err)
	}
	// A client may be filled again, closed or not.
	for range 2 {
		must(t, discard(GetClient(one, "cn-hangzhou", "s")))
		must(t, discard(one.GetCallerIdentity(identity())))
	}
}

func TestAForgottenClientIsNotKept(t *testing.T) {
	s := newStage(t)
	CloseClients()
	func() { s.sts(nil) }()
	emulator.Until(t, "the end of the client", func() bool {
		runtime.GC()
		uses.Lock()
		defer uses.Unlock()
		return len(uses.of) == 0
	})
}

func TestRefreshSecretInfoFetches(t *testing.T) {
	s := newStage(t)
	s.named()
	must(t, RefreshSecretInfo("s"))
	if s.fetches() != 1 {
		t.Fatal(s.fetches())
	}
	if err := RefreshSecretInfo("missing"); !errors.Is(err, kmsramcred.ErrKMSNotFound) {
		t.Fatal(err)
	}
}

func TestClientsOfOneSecretShareItsFetches(t *testing.T) {
	s := newStage(t)
	s.named()
	must(t, discard(s.get(nil).GetCallerIdentity(identity())))
	s.rotate()
	var group sync.WaitGroup
	for range 16 {
		client := s.get(nil)
		emulator.Spawn(&group, func() {
			if _, err := client.GetCallerIdentity(identity()); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if s.fetches() != 2 {
		t.Fatal(s.fetches())
	}
}

type embeds struct{ *cr.Client }

func TestAClientInAClientIsFound(t *testing.T) {
	product := &cr.Client{}
	for _, client := range []any{product, &product.Client, &embeds{product}} {
		if coreOf(client) != &product.Client {
			t.Errorf("%T", client)
		}
	}
	if name := productOf(product); name != "cr" {
		t.Fatal(name)
	}
}

func TestACopyOfAClientOutlivesIt(t *testing.T) {
	s := newStage(t)
	svc := *s.sts(nil)
	for range 5 {
		runtime.GC()
		// Cleanups run on a goroutine of their own.
		time.Sleep(10 * time.Millisecond)
	}
	if _, err := svc.GetCallerIdentity(identity()); err != nil {
		t.Fatal(err)
	}
}
