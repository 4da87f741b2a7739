package acs

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"slices"
)

// install puts a transport of ours between the SDK and what it was given to send with. It gives what the SDK has to get
// instead, and a function that closes idle connections.
//
// Before every send the SDK writes time-outs for connecting, proxies and TLS settings into its transport, and only into an
// *http.Transport; with any other it leaves them out without a word. So where it has one, or none, it gets one again, of
// which nothing is used but these settings: they are read where a connection is made.
func install(given http.RoundTripper, wrap func(http.RoundTripper) http.RoundTripper) (http.RoundTripper, func()) {
	if given == nil {
		given = &http.Transport{}
	}
	original, ok := given.(*http.Transport)
	if !ok {
		return wrap(given), func() {}
	}
	sends := copyOf(original)
	seen := &http.Transport{
		DialContext:     original.DialContext,
		Proxy:           original.Proxy,
		TLSClientConfig: sends.TLSClientConfig,
	}
	sends.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		if dial := seen.DialContext; dial != nil {
			return dial(ctx, network, address)
		}
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	sends.Proxy = func(request *http.Request) (*url.URL, error) {
		if proxy := seen.Proxy; proxy != nil {
			return proxy(request)
		}
		return nil, nil
	}
	ours := wrap(sends)
	seen.RegisterProtocol("http", ours)
	seen.RegisterProtocol("https", ours)
	return seen, sends.CloseIdleConnections
}

// copyOf is a copy that speaks HTTP/2 only where the original would under the SDK, which puts a dialer of its own into it.
func copyOf(original *http.Transport) *http.Transport {
	var protocols []string
	if original.TLSClientConfig != nil {
		protocols = slices.Clone(original.TLSClientConfig.NextProtos)
	}
	made := original.Clone()
	if made.TLSClientConfig == nil {
		made.TLSClientConfig = &tls.Config{}
	}
	if !made.ForceAttemptHTTP2 && made.Protocols == nil {
		// Cloning has prepared the original for HTTP/2, and so the copy offers what it does not speak.
		made.TLSClientConfig.NextProtos = slices.DeleteFunc(protocols, func(name string) bool { return name == "h2" })
	}
	return made
}
