package oss

import (
	"errors"
	"net/http"
	"reflect"
	"unsafe"

	sdk "github.com/aliyun/aliyun-oss-go-sdk/oss"

	"github.com/kmsramcred/kmsramcred/go"
	"github.com/kmsramcred/kmsramcred/go/internal/replay"
)

// transport sends what the SDK has signed, and what was refused because of its key once more with another one.
type transport struct {
	keys   *provider
	names  *names
	config *sdk.Config
	next   http.RoundTripper
}

// around puts the transport into a client.
func (t *transport) around(client *http.Client) *http.Client {
	t.next = client.Transport
	if t.next == nil {
		t.next = http.DefaultTransport
	}
	client.Transport = t
	return client
}

// RoundTrip passes on what was not signed here, such as a signed URL.
func (t *transport) RoundTrip(request *http.Request) (*http.Response, error) {
	key := t.keys.known(request.Header.Get(sdk.HTTPHeaderAuthorization))
	if key == nil {
		return t.next.RoundTrip(request)
	}
	made := &replay.Request{HTTP: request, Key: key, Rewind: rewinder(request.Body), Next: t.next.RoundTrip}
	made.Sign = func(fresh *kmsramcred.Credential) (*http.Request, error) { return t.signed(request, key, fresh) }
	return made.Send(t.keys.secret)
}

// CloseIdleConnections is what the SDK's client asks for.
func (t *transport) CloseIdleConnections() {
	if closer, can := t.next.(interface{ CloseIdleConnections() }); can {
		closer.CloseIdleConnections()
	}
}

// httpClientOf is what a connection sends with, made by the SDK with its settings of proxy, time-outs and TLS. The SDK shows it to
// nobody, and takes a whole client in its place or none.
func httpClientOf(conn *sdk.Conn) (*http.Client, error) {
	field := reflect.ValueOf(conn).Elem().FieldByName("client")
	if !field.IsValid() || field.Type() != reflect.TypeFor[*http.Client]() || field.IsNil() {
		return nil, errors.New("oss: this version of aliyun-oss-go-sdk keeps its http.Client elsewhere; " +
			"give one with the option HTTPClient, or use v3.0.2")
	}
	return (*http.Client)(unsafe.Pointer(field.UnsafePointer())), nil
}
