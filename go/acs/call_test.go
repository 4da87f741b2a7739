package acs

import (
	"context"
	"slices"
	"testing"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/sts"
)

func (s *stage) plain() (*Provider, *sts.Client, *sdk.Client) {
	s.t.Helper()
	provider := NewProvider(s.secret)
	product, err := sts.NewClientWithOptions("cn-hangzhou", sdk.NewConfig(), provider)
	must(s.t, err)
	product.Domain = s.relay.host
	return provider, product, &product.Client
}

func TestCallLetsTheSDKSignAgain(t *testing.T) {
	s := newStage(t)
	provider, product, general := s.plain()
	s.warm()
	must(t, discard(Call(t.Context(), provider, product.GetCallerIdentity, identity())))
	s.relay.statuses(t, 404, 200)
	if key, err := s.secret.CredentialNow(); err != nil || !key.Accepted() {
		t.Fatal(key, err)
	}
	s.rotate()
	must(t, discard(Call(t.Context(), provider, general.ProcessCommonRequest, s.roa())))
	if seen := s.relay.statuses(t, 404, 200); string(seen[1].sent) != `{"Repo":"é"}` {
		t.Fatalf("%q", seen[1].sent)
	}
	s.rotate()
	inXML := identity()
	inXML.AcceptFormat = "XML"
	must(t, discard(Call(t.Context(), provider, product.GetCallerIdentity, inXML)))
	s.relay.statuses(t, 404, 200)
	if s.fetches() != 4 {
		t.Fatal(s.fetches())
	}
}

func TestCallTakesOldTokensOut(t *testing.T) {
	for name, make := range map[string]func(*stage) *requests.CommonRequest{"rpc": rpcRequest, "roa": (*stage).roa} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, map[string]any{"security_token": "tok"})
			provider, _, client := s.plain()
			request := make(s)
			must(t, discard(Call(t.Context(), provider, client.ProcessCommonRequest, request)))
			s.replace() // by a key without a token
			must(t, discard(Call(t.Context(), provider, client.ProcessCommonRequest, request)))
			tokens := []string{}
			for _, passed := range s.relay.statuses(t, 200, 404, 200) {
				tokens = append(tokens, passed.request.URL.Query().Get("SecurityToken")+passed.request.Header.Get(roaToken))
			}
			if !slices.Equal(tokens, []string{"tok", "tok", ""}) {
				t.Fatal(tokens)
			}
		})
	}
}

func TestCallEndsWithTheServicesErrorAndWithItsContext(t *testing.T) {
	s := newStage(t)
	provider, product, _ := s.plain()
	s.Ask("POST", "/faults", map[string]any{
		"at": "service", "kind": "status", "status": 403, "code": "NoPermission", "times": 1,
	})
	if _, err := Call(t.Context(), provider, product.GetCallerIdentity, identity()); codeOfError(err) != "NoPermission" {
		t.Fatal(err)
	}
	s.relay.statuses(t, 403)
	s.warm()
	over, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Call(over, provider, product.GetCallerIdentity, identity())
	if codeOfError(err) != "InvalidAccessKeyId.NotFound" {
		t.Fatal(err)
	}
	s.relay.statuses(t, 404)
}
