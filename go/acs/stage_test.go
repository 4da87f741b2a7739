package acs

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk"
	sdkerrors "github.com/aliyun/alibaba-cloud-sdk-go/sdk/errors"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/cr"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/sts"
	"github.com/kmsramcred/kmsramcred/go"
	"github.com/kmsramcred/kmsramcred/go/internal/drill"
	"github.com/kmsramcred/kmsramcred/go/internal/emulator"
)

var must = emulator.Must

// stage is an emulator with one secret, and a relay before its default service that writes down what passes.
type stage struct {
	*emulator.Emulator
	t      testing.TB
	secret *kmsramcred.Secret
	relay  *relay
}

func newStage(t testing.TB, fields ...map[string]any) *stage {
	t.Helper()
	secret := map[string]any{"name": "s"}
	for _, more := range fields {
		for name, value := range more {
			secret[name] = value
		}
	}
	kms := emulator.Start(t)
	made := &stage{Emulator: kms, t: t, secret: kms.Secret(kms.Open(), secret)}
	made.relay = newRelay(t, "http://"+kms.Ready.Services["default"], httptest.NewServer)
	return made
}

func (s *stage) rotate() { s.Ask("POST", "/secrets/s/rotate", map[string]any{}) }

// replace puts a secret of the same name in place of the one that is there, and kills its key.
func (s *stage) replace() {
	s.t.Helper()
	old, err := s.secret.CredentialNow()
	must(s.t, err)
	s.Ask("DELETE", "/secrets/s", nil)
	s.Ask("POST", "/secrets", map[string]any{"name": "s", "created_seconds_ago": 0})
	s.Ask("POST", "/keys/"+old.AccessKeyID()+"/delete", nil)
}

// warm gets a key and rotates it away: the next call meets a dead key.
func (s *stage) warm() {
	s.t.Helper()
	_, err := s.secret.Credential(s.t.Context())
	must(s.t, err)
	s.rotate()
}

func (s *stage) fetches() int { return drill.Fetches(s.Emulator) }

func (s *stage) sts(config *sdk.Config) *sts.Client {
	s.t.Helper()
	client, err := NewClient(sts.NewClientWithOptions, "cn-hangzhou", config, s.secret)
	must(s.t, err)
	client.Domain = s.relay.host
	return client
}

// roa is a request whose signature is in its headers, with a body.
func (s *stage) roa() *requests.CommonRequest {
	request := requests.NewCommonRequest()
	request.Method, request.Version, request.Product = "PUT", "2016-06-07", "cr"
	request.PathPattern = "/repos/[Name]"
	request.PathParams["Name"] = "a b"
	request.QueryParams["Page"], request.QueryParams["Empty"] = "1/2", ""
	request.Domain, request.Port, _ = strings.Cut(s.relay.host, ":")
	request.SetContentType(requests.Json)
	request.Content = []byte(`{"Repo":"é"}`)
	return request
}

func (s *stage) general(config *sdk.Config) *sdk.Client {
	s.t.Helper()
	client, err := NewClient(sdk.NewClientWithOptions, "cn-hangzhou", config, s.secret)
	must(s.t, err)
	return client
}

func (s *stage) cr() *cr.Client {
	s.t.Helper()
	client, err := NewClient(cr.NewClientWithOptions, "cn-hangzhou", nil, s.secret)
	must(s.t, err)
	return client
}

func identity() *sts.GetCallerIdentityRequest { return sts.CreateGetCallerIdentityRequest() }

func codeOfError(err error) string {
	if refusal, ok := err.(*sdkerrors.ServerError); ok {
		return refusal.ErrorCode()
	}
	return ""
}

// relay passes requests on to a service and remembers them.
type relay struct {
	server *httptest.Server
	host   string
	target string

	mu   sync.Mutex
	seen []exchange
	// answer may put another one in place of the service's.
	answer func(*exchange)
}

type exchange struct {
	request  *http.Request
	sent     []byte
	status   int
	header   http.Header
	answered []byte
}

func newRelay(t testing.TB, target string, start func(http.Handler) *httptest.Server) *relay {
	made := &relay{target: target}
	made.server = start(made)
	t.Cleanup(made.server.Close)
	made.host = made.server.Listener.Addr().String()
	return made
}

func (r *relay) ServeHTTP(answer http.ResponseWriter, request *http.Request) {
	sent, _ := io.ReadAll(request.Body)
	onward, _ := http.NewRequest(request.Method, r.target+request.URL.RequestURI(), bytes.NewReader(sent))
	onward.Header = request.Header.Clone()
	response, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(onward)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer response.Body.Close()
	answered, _ := io.ReadAll(response.Body)
	passed := exchange{request, sent, response.StatusCode, response.Header, answered}
	r.mu.Lock()
	r.seen = append(r.seen, passed)
	change := r.answer
	r.mu.Unlock()
	if change != nil {
		change(&passed)
	}
	answer.Header().Set("Content-Type", passed.header.Get("Content-Type"))
	answer.WriteHeader(passed.status)
	_, _ = answer.Write(passed.answered)
}

func (r *relay) take() []exchange {
	r.mu.Lock()
	defer r.mu.Unlock()
	taken := r.seen
	r.seen = nil
	return taken
}

// statuses fails the test unless just these were seen since the last time.
func (r *relay) statuses(t testing.TB, expected ...int) []exchange {
	t.Helper()
	taken := r.take()
	found := make([]int, 0, len(taken))
	for _, passed := range taken {
		found = append(found, passed.status)
	}
	if len(found) != len(expected) {
		t.Fatalf("answers %v instead of %v", found, expected)
	}
	for at := range found {
		if found[at] != expected[at] {
			t.Fatalf("answers %v instead of %v", found, expected)
		}
	}
	return taken
}

// tunnel is a proxy that brings every CONNECT to one place, and passes plain requests on to where they are for.
func tunnel(t testing.TB, to string) (address string, asked func() int) {
	var mu sync.Mutex
	count := 0
	server := httptest.NewServer(http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		mu.Lock()
		count++
		mu.Unlock()
		if request.Method != http.MethodConnect {
			(&relay{target: "http://" + request.Host}).ServeHTTP(answer, request)
			return
		}
		far, err := net.Dial("tcp", to)
		if err != nil {
			return
		}
		near, buffered, err := answer.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		_, _ = near.Write([]byte("HTTP/1.1 200 OK\r\n\r\n"))
		go func() { _, _ = io.Copy(far, buffered); _ = far.Close() }()
		_, _ = io.Copy(near, far)
		_ = near.Close()
	}))
	t.Cleanup(server.Close)
	return server.URL, func() int {
		mu.Lock()
		defer mu.Unlock()
		return count
	}
}
