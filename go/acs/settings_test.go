package acs

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/sts"
)

// passes makes a call that meets a dead key, so that it is sent twice.
func (s *stage) passes(client *sts.Client) {
	s.t.Helper()
	s.warm()
	must(s.t, discard(client.GetCallerIdentity(identity())))
}

func TestProxiesOfClientAndEnvironmentAreUsed(t *testing.T) {
	for name, set := range map[string]func(*testing.T, *sts.Client, string){
		"client":      func(_ *testing.T, client *sts.Client, proxy string) { client.SetHttpProxy(proxy) },
		"environment": func(t *testing.T, _ *sts.Client, proxy string) { t.Setenv("HTTP_PROXY", proxy) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			client := s.sts(nil)
			proxy, asked := tunnel(t, "")
			set(t, client, proxy)
			s.passes(client)
			if asked() != 2 {
				t.Fatal(asked())
			}
		})
	}
}

func TestNoProxyIsKept(t *testing.T) {
	s := newStage(t)
	client := s.sts(nil)
	proxy, asked := tunnel(t, "")
	client.SetHttpProxy(proxy)
	client.SetNoProxy("127.0.0.1")
	s.passes(client)
	if asked() != 0 {
		t.Fatal(asked())
	}
}

func TestAProxyOfTheGivenTransportIsUsed(t *testing.T) {
	s := newStage(t)
	proxy, asked := tunnel(t, "")
	address, err := url.Parse(proxy)
	must(t, err)
	through := &http.Transport{Proxy: http.ProxyURL(address)}
	s.passes(s.sts(sdk.NewConfig().WithHttpTransport(through)))
	if asked() != 2 {
		t.Fatal(asked())
	}
}

func (s *stage) secure(config *sdk.Config) *sts.Client {
	s.t.Helper()
	if config == nil {
		config = sdk.NewConfig()
	}
	client := s.sts(config.WithScheme("HTTPS"))
	client.Domain = s.Ready.ServicesTLS["default"]
	return client
}

func isUntrusted(err error) bool {
	return err != nil && strings.Contains(err.Error(), "x509: certificate signed by unknown authority")
}

func TestTLSIsVerifiedUnlessTheClientOrTheRequestSaysOtherwise(t *testing.T) {
	s := newStage(t)
	if _, err := s.secure(nil).GetCallerIdentity(identity()); !isUntrusted(err) {
		t.Fatal(err)
	}
	careless := s.secure(nil)
	careless.SetHTTPSInsecure(true)
	s.passes(careless)
	once := s.secure(nil)
	request := identity()
	request.SetHTTPSInsecure(true)
	s.rotate()
	must(t, discard(once.GetCallerIdentity(request)))
}

func TestAnAuthorityOfOnesOwnIsUsed(t *testing.T) {
	s := newStage(t)
	own := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: s.authority()}}
	s.passes(s.secure(sdk.NewConfig().WithHttpTransport(own)))
	// As a plain RoundTripper too; and what was given stays as it was.
	config := sdk.NewConfig()
	config.Transport = own
	s.rotate()
	must(t, discard(s.secure(config).GetCallerIdentity(identity())))
	if own.DialContext != nil || config.Transport != own {
		t.Fatal("the caller's own settings were changed")
	}
}

func (s *stage) authority() *x509.CertPool {
	s.t.Helper()
	pool := x509.NewCertPool()
	text, err := os.ReadFile(s.Ready.CAPath)
	must(s.t, err)
	if !pool.AppendCertsFromPEM(text) {
		s.t.Fatal("no certificate")
	}
	return pool
}

func TestHTTP2StaysForWhoAskedForIt(t *testing.T) {
	s := newStage(t)
	start := func(handler http.Handler) *httptest.Server {
		server := httptest.NewUnstartedServer(handler)
		server.EnableHTTP2 = true
		server.StartTLS()
		return server
	}
	second := newRelay(t, "http://"+s.Ready.Services["default"], start)
	for wants, protocol := range map[bool]string{true: "HTTP/2.0", false: "HTTP/1.1"} {
		given := &http.Transport{ForceAttemptHTTP2: wants}
		client := s.secure(sdk.NewConfig().WithHttpTransport(given))
		client.SetHTTPSInsecure(true)
		client.Domain = second.host
		s.passes(client)
		for _, passed := range second.statuses(t, 404, 200) {
			if passed.request.Proto != protocol {
				t.Fatal(passed.request.Proto)
			}
		}
	}
}

// reads is a RoundTripper of the user's own, which takes bodies as they are.
type reads struct{ bodies []string }

func (r *reads) RoundTrip(request *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	r.bodies = append(r.bodies, string(body))
	sent := request.Clone(request.Context())
	sent.Body, sent.GetBody = io.NopCloser(strings.NewReader(string(body))), nil
	return http.DefaultTransport.RoundTrip(sent)
}

func TestARoundTripperOfOnesOwnSendsEverything(t *testing.T) {
	s := newStage(t)
	own := &reads{}
	config := sdk.NewConfig()
	config.Transport = own
	client := s.general(config)
	s.warm()
	must(t, discard(client.ProcessCommonRequest(s.roa())))
	if len(own.bodies) != 2 || own.bodies[0] == "" || own.bodies[0] != own.bodies[1] {
		t.Fatalf("%q", own.bodies)
	}
}

func TestTimeOutsForReadingAreKept(t *testing.T) {
	s := newStage(t)
	s.Ask("POST", "/faults", map[string]any{"at": "service", "kind": "hang"})
	defer s.Ask("DELETE", "/faults", nil)
	const short = 50 * time.Millisecond
	ofClient := s.sts(nil)
	ofClient.SetReadTimeout(short)
	ofRequest := identity()
	ofRequest.SetReadTimeout(short)
	for name, send := range map[string]func() error{
		"config":  func() error { return discard(s.sts(sdk.NewConfig().WithTimeout(short)).GetCallerIdentity(identity())) },
		"client":  func() error { return discard(ofClient.GetCallerIdentity(identity())) },
		"request": func() error { return discard(s.sts(nil).GetCallerIdentity(ofRequest)) },
	} {
		if err := send(); err == nil || !strings.Contains(err.Error(), "Client.Timeout") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTimeOutsForConnectingAreKept(t *testing.T) {
	s := newStage(t)
	ofClient := s.sts(nil)
	ofClient.SetConnectTimeout(1)
	ofRequest := identity()
	ofRequest.SetConnectTimeout(1)
	for name, send := range map[string]func() error{
		"client":  func() error { return discard(ofClient.GetCallerIdentity(identity())) },
		"request": func() error { return discard(s.sts(nil).GetCallerIdentity(ofRequest)) },
	} {
		if err := send(); err == nil || !strings.Contains(err.Error(), "i/o timeout") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
