package oss

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	sdk "github.com/aliyun/aliyun-oss-go-sdk/oss"

	"github.com/kmsramcred/kmsramcred/go"
	"github.com/kmsramcred/kmsramcred/go/internal/replay"
)

var errForeign = errors.New("oss: the request is not as the SDK has signed it")

// place is what a request is about, as the SDK's signature names it.
type place struct{ bucket, object string }

// signed is a copy of the request, signed by the SDK with another key. It is made only if the SDK gives the refused request's
// own URL and signature when it signs with the refused key: then bucket, object and parameters are known for sure.
func (t *transport) signed(request *http.Request, refused, fresh *kmsramcred.Credential) (*http.Request, error) {
	for _, guess := range t.places(request.URL) {
		same, err := t.sign(request, guess, refused, request.Header)
		if err != nil || same.URL.String() != request.URL.String() ||
			same.Header.Get(sdk.HTTPHeaderAuthorization) != request.Header.Get(sdk.HTTPHeaderAuthorization) {
			continue
		}
		header := request.Header.Clone()
		header.Del(replay.TokenHeader)
		header.Set(sdk.HTTPHeaderDate, time.Now().UTC().Format(http.TimeFormat))
		signed, err := t.sign(request, guess, fresh, header)
		if err != nil {
			return nil, err
		}
		made := request.Clone(request.Context())
		made.Header = signed.Header
		return made, nil
	}
	return nil, errForeign
}

// places are what a URL may be about.
func (t *transport) places(at *url.URL) []place {
	path := strings.TrimPrefix(at.Path, "/")
	first, rest, _ := strings.Cut(path, "/")
	label, _, _ := strings.Cut(at.Host, ".")
	guesses := []place{{first, rest}, {label, path}, {}}
	for _, name := range t.names.all() {
		guesses = append(guesses, place{name, path}, place{name, rest})
	}
	return guesses
}

// sign lets the SDK make a request and catches it before it is sent.
func (t *transport) sign(request *http.Request, at place, key *kmsramcred.Credential, header http.Header) (*http.Request, error) {
	caught := &catcher{}
	client, err := sdk.New(t.config.Endpoint, "", "", func(client *sdk.Client) {
		*client.Config = *t.config
		client.Config.CredentialsProvider = fixed{key}
		client.Config.LogLevel = sdk.LogOff
		client.HTTPClient = &http.Client{Transport: caught}
	})
	if err != nil {
		return nil, err
	}
	parameters := map[string]any{}
	for _, pair := range strings.Split(request.URL.RawQuery, "&") {
		name, value, _ := strings.Cut(pair, "=")
		if name, err = url.QueryUnescape(name); err != nil || name == "" {
			continue
		}
		if value, err = url.QueryUnescape(value); err != nil {
			return nil, err
		}
		parameters[name] = nil
		if value != "" {
			parameters[name] = value
		}
	}
	headers := make(map[string]string, len(header))
	for name, values := range header {
		headers[name] = values[0]
	}
	_, _ = client.Conn.Do(request.Method, at.bucket, at.object, parameters, headers, nil, 0, nil)
	if caught.request == nil {
		return nil, errForeign
	}
	return caught.request, nil
}

// catcher keeps a request and sends nothing.
type catcher struct{ request *http.Request }

func (c *catcher) RoundTrip(request *http.Request) (*http.Response, error) {
	c.request = request
	return nil, io.EOF
}

// fixed gives one key.
type fixed struct{ key *kmsramcred.Credential }

func (f fixed) GetCredentials() sdk.Credentials { return snapshot(f) }
