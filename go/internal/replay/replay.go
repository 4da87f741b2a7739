// Package replay sends signed OSS requests, and those whose key was refused again: what the adapters of both OSS SDKs share.
package replay

import (
	"context"
	"net/http"
	"time"

	"github.com/kmsramcred/kmsramcred/go"
	"github.com/kmsramcred/kmsramcred/go/internal/answer"
)

const (
	service = "oss"
	// TokenHeader carries the token of a key that has one.
	TokenHeader = "X-Oss-Security-Token"
)

// Request is a request that an SDK has signed with Key.
type Request struct {
	HTTP *http.Request
	Key  *kmsramcred.Credential
	// Rewind puts the body back to its start; nil where it cannot be sent again.
	Rewind func() error
	// Sign gives the request anew, signed with another key.
	Sign func(*kmsramcred.Credential) (*http.Request, error)
	Next func(*http.Request) (*http.Response, error)
}

// Send gives the answer that is for the SDK: after a refusal that of the last send, or the refusal itself.
func (r *Request) Send(secret *kmsramcred.Secret) (*http.Response, error) {
	ctx := r.HTTP.Context()
	call := secret.NewCall(service, r.HTTP.URL.Host)
	for {
		sent, body := r.HTTP, (*guard)(nil)
		if r.Rewind != nil {
			sent, body = guarded(r.HTTP)
		}
		response, err := r.Next(sent)
		if err != nil {
			body.release()
			return response, err
		}
		if response.StatusCode < 400 {
			if response.StatusCode < 300 {
				call.Accepted(r.Key.Serial())
			}
			body.release()
			return response, nil
		}
		if !r.again(ctx, secret, call, response, body) {
			body.release()
			return response, nil
		}
		_ = response.Body.Close()
	}
}

func (r *Request) again(
	ctx context.Context, secret *kmsramcred.Secret, call *kmsramcred.Call, response *http.Response, body *guard,
) bool {
	code, serial := answer.Code(response), r.Key.Serial()
	if r.Rewind == nil || !body.left(ctx) {
		call.RefusedForGood(serial, code, response.StatusCode)
		return false
	}
	if !call.Refused(ctx, serial, code, response.StatusCode) {
		return false
	}
	fresh, err := secret.Credential(ctx)
	if err != nil || r.Rewind() != nil {
		return false
	}
	signed, err := r.Sign(fresh)
	if err != nil {
		return false
	}
	r.HTTP, r.Key = signed, fresh
	return true
}

// patience is how long a transport that has its answer may hold on to the body: it closes the connection well before.
const patience = 5 * time.Second
