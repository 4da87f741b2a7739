package acs

import (
	"github.com/kmsramcred/kmsramcred/go/internal/answer"

	"bytes"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth/credentials"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/cr"
	"github.com/kmsramcred/kmsramcred/go/internal/emulator"
)

func TestAProductCallSurvivesARotation(t *testing.T) {
	s := newStage(t)
	client := s.sts(nil)
	s.warm()
	answer, err := client.GetCallerIdentity(identity())
	must(t, err)
	if !answer.IsSuccess() {
		t.Fatal(answer)
	}
	seen := s.relay.statuses(t, 404, 200)
	first, second := seen[0].request.URL.Query(), seen[1].request.URL.Query()
	for _, name := range []string{"AccessKeyId", "SignatureNonce", "Signature"} {
		if first.Get(name) == second.Get(name) {
			t.Errorf("the same %s twice", name)
		}
	}
	for _, name := range []string{"Action", "Version", "RegionId"} {
		if first.Get(name) != second.Get(name) {
			t.Errorf("%s is another one", name)
		}
	}
	key, err := s.secret.CredentialNow()
	must(t, err)
	if !key.Accepted() || s.fetches() != 2 {
		t.Fatal(key.Accepted(), s.fetches())
	}
}

func TestAFormIsSentAgain(t *testing.T) {
	s := newStage(t)
	client := s.general(nil)
	s.warm()
	request := requests.NewCommonRequest()
	request.Method, request.Product, request.Version, request.ApiName = "POST", "Ecs", "2014-05-26", "CreateThing"
	request.Domain = s.relay.host
	request.QueryParams["Tag.1"] = "~ *+/é"
	request.FormParams["Text"] = "a b&c=d ~*+"
	_, err := client.ProcessCommonRequest(request)
	must(t, err)
	seen := s.relay.statuses(t, 404, 200)
	if !bytes.Equal(seen[0].sent, seen[1].sent) || len(seen[1].sent) == 0 {
		t.Fatalf("%q %q", seen[0].sent, seen[1].sent)
	}
	if seen[1].request.URL.Query().Get("Tag.1") != "~ *+/é" {
		t.Fatal(seen[1].request.URL)
	}
}

func TestABodyIsSentAgain(t *testing.T) {
	s := newStage(t)
	client := s.general(nil)
	s.warm()
	_, err := client.ProcessCommonRequest(s.roa())
	must(t, err)
	seen := s.relay.statuses(t, 404, 200)
	if string(seen[1].sent) != `{"Repo":"é"}` || !bytes.Equal(seen[0].sent, seen[1].sent) {
		t.Fatalf("%q %q", seen[0].sent, seen[1].sent)
	}
	if seen[0].request.Header.Get("Authorization") == seen[1].request.Header.Get("Authorization") {
		t.Fatal("the same signature twice")
	}
}

func TestARequestWithoutABodySurvivesARotation(t *testing.T) {
	s := newStage(t)
	client := s.cr()
	request := cr.CreateCreateNamespaceRequest()
	request.Domain, request.Port = "127.0.0.1", s.relay.host[len("127.0.0.1:"):]
	s.warm()
	_, err := client.CreateNamespace(request)
	must(t, err)
	s.relay.statuses(t, 404, 200)
}

func TestARefusalInXMLIsOne(t *testing.T) {
	s := newStage(t)
	client := s.sts(nil)
	s.warm()
	request := identity()
	request.AcceptFormat = "XML"
	_, err := client.GetCallerIdentity(request)
	must(t, err)
	seen := s.relay.statuses(t, 404, 200)
	if !bytes.Contains(seen[0].answered, []byte("<Code>")) {
		t.Fatalf("%s", seen[0].answered)
	}
}

func TestATokenGoesWithItsKey(t *testing.T) {
	for name, make := range map[string]func(*stage) *requests.CommonRequest{"rpc": rpcRequest, "roa": (*stage).roa} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, map[string]any{"security_token": "tok"})
			client := s.general(nil)
			request := make(s)
			must(t, discard(client.ProcessCommonRequest(request)))
			s.rotate() // to a key with another token
			must(t, discard(client.ProcessCommonRequest(request)))
			s.replace() // by one without
			must(t, discard(client.ProcessCommonRequest(request)))
			// The SDK leaves the old token in the request object.
			must(t, discard(client.ProcessCommonRequest(request)))
			tokens := []string{}
			for _, passed := range s.relay.statuses(t, 200, 404, 200, 404, 200, 200) {
				tokens = append(tokens, passed.request.URL.Query().Get("SecurityToken")+passed.request.Header.Get(roaToken))
			}
			second := tokens[2]
			if second == "" || !slices.Equal(tokens, []string{"tok", "tok", second, second, "", ""}) {
				t.Fatal(tokens)
			}
		})
	}
}

func rpcRequest(s *stage) *requests.CommonRequest {
	request := requests.NewCommonRequest()
	request.Product, request.Version, request.ApiName, request.Domain = "Ecs", "2014-05-26", "DescribeRegions", s.relay.host
	return request
}

func discard[T any](_ T, err error) error { return err }

func TestANewKeyThatSpreadsIsWaitedFor(t *testing.T) {
	s := newStage(t)
	client := s.sts(nil)
	_, err := s.secret.Credential(t.Context())
	must(t, err)
	s.Ask("POST", "/secrets/s/rotate", map[string]any{"lag_ms": 700})
	must(t, discard(client.GetCallerIdentity(identity())))
	if seen := s.relay.take(); len(seen) < 3 || seen[len(seen)-1].status != 200 {
		t.Fatal(len(seen))
	}
}

func TestAnErrorThatIsNoRefusalPassesUntouched(t *testing.T) {
	s := newStage(t)
	client := s.sts(nil)
	for _, fault := range []struct {
		status int
		code   string
	}{{429, "Throttling.User"}, {403, "NoPermission"}, {503, "ServiceUnavailable"}} {
		s.Ask("POST", "/faults", map[string]any{
			"at": "service", "kind": "status", "status": fault.status, "code": fault.code, "times": 1,
		})
		_, err := client.GetCallerIdentity(identity())
		if codeOfError(err) != fault.code {
			t.Fatalf("%v instead of %s", err, fault.code)
		}
		s.relay.statuses(t, fault.status)
	}
	if s.fetches() != 1 {
		t.Fatal(s.fetches())
	}
}

func TestAnAnswerOfAnyLengthComesWhole(t *testing.T) {
	s := newStage(t)
	client := s.general(nil)
	long := bytes.Repeat([]byte("x"), 3*answer.Longest)
	s.relay.answer = func(passed *exchange) { passed.status, passed.answered = 400, long }
	answer, err := client.ProcessCommonRequest(rpcRequest(s))
	if err == nil || !bytes.Equal(answer.GetHttpContentBytes(), long) {
		t.Fatal(err, len(answer.GetHttpContentBytes()))
	}
}

func TestTheSDKsOwnRetriesStillWork(t *testing.T) {
	s := newStage(t)
	client := s.sts(sdk.NewConfig().WithAutoRetry(true).WithMaxRetryTime(2))
	s.Ask("POST", "/faults", map[string]any{"at": "service", "kind": "status", "status": 503, "times": 1})
	s.Ask("POST", "/faults", map[string]any{"at": "service", "kind": "reset", "times": 1})
	s.warm()
	must(t, discard(client.GetCallerIdentity(identity())))
	seen := s.relay.take()
	if len(seen) < 3 || seen[len(seen)-1].status != 200 {
		t.Fatal(len(seen))
	}
}

// A service that refuses every key must not hold up a call for longer than the SDK's own time-out.
func TestARefusalIsShownWhenTheTimeOfTheCallIsOver(t *testing.T) {
	s := newStage(t)
	client := s.sts(sdk.NewConfig().WithTimeout(700 * time.Millisecond))
	_, err := s.secret.Credential(t.Context())
	must(t, err)
	s.Ask("POST", "/secrets/s/rotate", map[string]any{"lag_ms": 60000})
	began := time.Now()
	_, err = client.GetCallerIdentity(identity())
	if codeOfError(err) != "InvalidAccessKeyId.NotFound" || time.Since(began) > 5*time.Second {
		t.Fatal(err, time.Since(began))
	}
}

// With no time for a second send, the key is a new one for the next call all the same.
func TestAShortTimeOutRefreshesForTheNextCall(t *testing.T) {
	s := newStage(t)
	client := s.sts(nil)
	client.SetReadTimeout(reserve * 9 / 10)
	s.warm()
	if _, err := client.GetCallerIdentity(identity()); codeOfError(err) != "InvalidAccessKeyId.NotFound" {
		t.Fatal(err)
	}
	emulator.Until(t, "the new key", func() bool { return s.fetches() == 2 })
	client.SetReadTimeout(10 * time.Second)
	must(t, discard(client.GetCallerIdentity(identity())))
}

// disturbs changes requests between the SDK and the transport, or lets go of them unchanged.
type disturbs struct {
	change func(*http.Request)
	next   http.RoundTripper
}

func (d disturbs) RoundTrip(request *http.Request) (*http.Response, error) {
	d.change(request)
	return d.next.RoundTrip(request)
}

func TestWhatIsSignedOtherwiseIsNotSignedAnew(t *testing.T) {
	spoil := func(request *http.Request) {
		if request.URL.RawQuery != "" && request.Header["Authorization"] == nil {
			query, _ := url.ParseQuery(request.URL.RawQuery)
			query.Set("Added", "behind the SDK's back")
			request.URL.RawQuery = query.Encode()
			return
		}
		request.Header["x-acs-added"] = []string{"behind the SDK's back"}
	}
	unreadable := func(request *http.Request) { request.GetBody = nil }
	for name, is := range map[string]struct {
		make   func(*stage) *requests.CommonRequest
		change func(*http.Request)
	}{
		"rpc": {rpcRequest, spoil}, "roa": {(*stage).roa, spoil}, "a body that is gone": {(*stage).roa, unreadable},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			provider := NewProvider(s.secret)
			client, err := sdk.NewClientWithOptions("cn-hangzhou", sdk.NewConfig(), provider)
			must(t, err)
			client.SetTransport(disturbs{is.change, &transport{provider, "", http.DefaultTransport}})
			s.warm()
			old, err := s.secret.CredentialNow()
			must(t, err)
			_, err = client.ProcessCommonRequest(is.make(s))
			if codeOfError(err) != "InvalidAccessKeyId.NotFound" {
				t.Fatal(err)
			}
			s.relay.statuses(t, 404)
			// The key is refreshed all the same.
			emulator.UntilNewer(t, s.secret, old.Serial())
		})
	}
}

func TestWhatIsSignedWithAnotherKeyPasses(t *testing.T) {
	s := newStage(t)
	foreign := credentials.NewStaticAKCredentialsProvider("LTAI5tForeign", "secret")
	client, err := sdk.NewClientWithOptions("cn-hangzhou", sdk.NewConfig(), foreign)
	must(t, err)
	client.SetTransport(&transport{NewProvider(s.secret), "", http.DefaultTransport})
	for _, request := range []*requests.CommonRequest{rpcRequest(s), s.roa()} {
		if _, err = client.ProcessCommonRequest(request); codeOfError(err) != "InvalidAccessKeyId.NotFound" {
			t.Fatal(err)
		}
	}
	s.relay.statuses(t, 404, 404)
	if s.fetches() != 0 {
		t.Fatal(s.fetches())
	}
}

func TestWhileKMSIsDownTheServicesErrorIsShown(t *testing.T) {
	s := newStage(t)
	client := s.sts(nil)
	s.warm()
	s.Ask("POST", "/kms", map[string]any{"down": true})
	client.SetReadTimeout(time.Second)
	if _, err := client.GetCallerIdentity(identity()); codeOfError(err) != "InvalidAccessKeyId.NotFound" {
		t.Fatal(err)
	}
	s.Ask("POST", "/kms", map[string]any{"down": false})
	client.SetReadTimeout(10 * time.Second)
	must(t, discard(client.GetCallerIdentity(identity())))
}

func TestANonceInTheHeadersIsANewOne(t *testing.T) {
	s := newStage(t)
	client := s.general(nil)
	s.warm()
	request := s.roa()
	request.Headers[roaNonce] = "n1"
	must(t, discard(client.ProcessCommonRequest(request)))
	seen := s.relay.statuses(t, 404, 200)
	if first, second := seen[0].request.Header.Get(roaNonce), seen[1].request.Header.Get(roaNonce); first != "n1" || second == "n1" {
		t.Fatal(first, second)
	}
}

func TestALookUpOfAnEndpointSurvivesARotation(t *testing.T) {
	s := newStage(t)
	secure := newRelay(t, "http://"+s.Ready.Services["default"], httptest.NewTLSServer)
	secure.answer = func(passed *exchange) {
		if passed.status == 200 {
			passed.answered = []byte(`{"Success":true,"Endpoints":{"Endpoint":[{"Endpoint":"` + s.relay.host + `"}]}}`)
		}
	}
	proxy, _ := tunnel(t, secure.host)
	client := s.general(nil)
	client.SetHttpsProxy(proxy)
	client.SetHTTPSInsecure(true)
	s.warm()
	request := requests.NewCommonRequest()
	request.Version, request.ApiName, request.ServiceCode = "2020-01-01", "Do", "made-up"
	request.Product = "MadeUp" + s.relay.host // what was looked up is remembered by the process
	must(t, discard(client.ProcessCommonRequest(request)))
	secure.statuses(t, 404, 200)
	s.relay.statuses(t, 200)
}
