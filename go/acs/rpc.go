package acs

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/kmsramcred/kmsramcred/go"
)

// rpc is the style of most products: everything is a parameter, in the query or in the form, and so is the signature.
type rpc struct{}

func (rpc) accessKeyID(request *http.Request) string { return request.URL.Query().Get("AccessKeyId") }

func (rpc) token(request *http.Request) string { return request.URL.Query().Get("SecurityToken") }

func (rpc) intact(request *http.Request, secret string) bool {
	query, err := url.ParseQuery(request.URL.RawQuery)
	if err != nil {
		return false
	}
	computed, err := rpcSignature(request, query, secret)
	return err == nil && same(computed, query.Get("Signature"))
}

func (rpc) sign(request *http.Request, key *kmsramcred.Credential) error {
	query, err := url.ParseQuery(request.URL.RawQuery)
	if err != nil {
		return err
	}
	query.Set("AccessKeyId", key.AccessKeyID())
	query.Set("SignatureNonce", newNonce())
	query.Set("Timestamp", time.Now().UTC().Format("2006-01-02T15:04:05Z"))
	query.Del("SecurityToken")
	if token := key.SecurityToken(); token != "" {
		query.Set("SecurityToken", token)
	}
	signature, err := rpcSignature(request, query, key.AccessKeySecret())
	if err != nil {
		return err
	}
	query.Set("Signature", signature)
	request.URL.RawQuery = query.Encode()
	return nil
}

var rpcEscapes = strings.NewReplacer("+", "%20", "*", "%2A")

// rpcSignature signs the parameters of query and form; where both have one, the form's counts.
func rpcSignature(request *http.Request, query url.Values, secret string) (string, error) {
	form, err := rpcForm(request)
	if err != nil {
		return "", err
	}
	parameters := make(url.Values, len(query)+len(form))
	for _, part := range []url.Values{query, form} {
		for name, values := range part {
			if name != "Signature" {
				parameters[name] = values
			}
		}
	}
	text := request.Method + "&%2F&" + url.QueryEscape(rpcEscapes.Replace(parameters.Encode()))
	return hmacSHA1(text, secret+"&"), nil
}

func rpcForm(request *http.Request) (url.Values, error) {
	if request.Body == nil || request.Body == http.NoBody {
		return nil, nil
	}
	body, err := request.GetBody()
	if err != nil {
		return nil, err
	}
	defer body.Close()
	text, err := io.ReadAll(body)
	if err != nil {
		return nil, err
	}
	return url.ParseQuery(string(text))
}
