package acs

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/kmsramcred/kmsramcred/go"
)

const (
	roaPrefix = "acs "
	roaToken  = "x-acs-security-token"
	roaNonce  = "x-acs-signature-nonce"
)

// roa is the style of REST-like products: the signature is in Authorization and covers headers, path and query. The body is
// covered by its Content-MD5.
type roa struct{}

func (roa) accessKeyID(request *http.Request) string {
	id, _, _ := strings.Cut(strings.TrimPrefix(header(request, "Authorization"), roaPrefix), ":")
	return id
}

func (roa) token(request *http.Request) string { return header(request, roaToken) }

func (r roa) intact(request *http.Request, secret string) bool {
	signature, err := roaSignature(request, secret)
	return err == nil && same(header(request, "Authorization"), roaPrefix+r.accessKeyID(request)+":"+signature)
}

func (roa) sign(request *http.Request, key *kmsramcred.Credential) error {
	request.Header["Date"] = []string{time.Now().UTC().Format(http.TimeFormat)}
	if _, has := request.Header[roaNonce]; has {
		request.Header[roaNonce] = []string{newNonce()}
	}
	delete(request.Header, roaToken)
	if token := key.SecurityToken(); token != "" {
		request.Header[roaToken] = []string{token}
	}
	signature, err := roaSignature(request, key.AccessKeySecret())
	request.Header["Authorization"] = []string{roaPrefix + key.AccessKeyID() + ":" + signature}
	return err
}

func roaSignature(request *http.Request, secret string) (string, error) {
	var text strings.Builder
	text.WriteString(request.Method + "\n")
	for _, name := range []string{"Accept", "Content-MD5", "Content-Type", "Date"} {
		if value := header(request, name); value != "" {
			text.WriteString(value + "\n")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(request.Header)) {
		if strings.HasPrefix(name, "x-acs-") {
			text.WriteString(name + ":" + header(request, name) + "\n")
		}
	}
	query, err := url.ParseQuery(request.URL.RawQuery)
	if err != nil {
		return "", err
	}
	text.WriteString(pathAsWritten(request.URL))
	separator := "?"
	for _, name := range slices.Sorted(maps.Keys(query)) {
		text.WriteString(separator + name)
		if value := query.Get(name); value != "" {
			text.WriteString("=" + value)
		}
		separator = "&"
	}
	return hmacSHA1(text.String(), secret), nil
}

// pathAsWritten is the path before it was parsed, which is what the SDK signs.
func pathAsWritten(address *url.URL) string {
	if address.RawPath != "" {
		return address.RawPath
	}
	return address.EscapedPath()
}
