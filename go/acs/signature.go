package acs

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/kmsramcred/kmsramcred/go"
)

// A style is one way in which the SDK signs: it is read from the request as it goes out.
type style interface {
	accessKeyID(*http.Request) string
	token(*http.Request) string
	// intact says whether the request carries just the signature that this key's secret gives.
	intact(request *http.Request, secret string) bool
	// sign signs a request of its own anew, with a time and a nonce of now.
	sign(request *http.Request, key *kmsramcred.Credential) error
}

// styleOf is nil for a request that carries no signature that we know.
func styleOf(request *http.Request) style {
	if strings.HasPrefix(header(request, "Authorization"), roaPrefix) {
		return roa{}
	}
	if strings.Contains(request.URL.RawQuery, "Signature=") {
		return rpc{}
	}
	return nil
}

// header reads a header by the very name under which the SDK has put it: it signs names as they are written.
func header(request *http.Request, name string) string {
	if values := request.Header[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}

func hmacSHA1(text, key string) string {
	mac := hmac.New(sha1.New, []byte(key))
	mac.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func same(a, b string) bool { return hmac.Equal([]byte(a), []byte(b)) }

func newNonce() string { return rand.Text() }
