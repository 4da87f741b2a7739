package acs

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/kmsramcred/kmsramcred/go"
	"github.com/kmsramcred/kmsramcred/go/internal/answer"
)

// reserve is what a send gets of the SDK's time-out beside the time that the last one took.
const reserve = 100 * time.Millisecond

// transport sends what the SDK has signed, and what was refused because of its key once more with another one.
type transport struct {
	provider *Provider
	service  string
	next     http.RoundTripper
}

func (t *transport) RoundTrip(request *http.Request) (*http.Response, error) {
	style := styleOf(request)
	if style == nil {
		return t.next.RoundTrip(request)
	}
	key := t.provider.issued(style.accessKeyID(request))
	if key == nil {
		return t.next.RoundTrip(request)
	}
	// The SDK never takes the token of an earlier key out of a request object that it uses again.
	if token := style.token(request); token != key.SecurityToken() && t.provider.gave(token) && canSign(style, request, key) {
		if clean := signed(style, request, key); clean != nil {
			if request.Body != nil {
				_ = request.Body.Close()
			}
			request = clean
		}
	}
	call := t.provider.secret.NewCall(t.service, request.URL.Host)
	for {
		began := time.Now()
		response, err := t.next.RoundTrip(request)
		if err != nil {
			awaitTimeOut(request)
			return response, err
		}
		if response.StatusCode < 400 {
			if response.StatusCode < 300 {
				call.Accepted(key.Serial())
			}
			return response, nil
		}
		again, fresh := t.afterRefusal(call, style, request, response, key, time.Since(began))
		if again == nil {
			return response, nil
		}
		_ = response.Body.Close()
		request, key = again, fresh
	}
}

// afterRefusal reports an answer that is no success. It gives the request to send next and its key, or nil where the answer
// is that of the call.
func (t *transport) afterRefusal(
	call *kmsramcred.Call, style style, request *http.Request, response *http.Response, key *kmsramcred.Credential,
	took time.Duration,
) (*http.Request, *kmsramcred.Credential) {
	code := answer.Code(response)
	if code == "" {
		return nil, nil
	}
	ctx, waits := request.Context(), request.Context()
	if end, ends := ctx.Deadline(); ends {
		// The SDK's time-out holds for all sends of a call. A send that could not come back within it would hide the refusal.
		limited, cancel := context.WithDeadline(ctx, end.Add(-took-reserve))
		defer cancel()
		waits = limited
	}
	if waits.Err() != nil || !canSign(style, request, key) {
		call.RefusedForGood(key.Serial(), code, response.StatusCode)
		return nil, nil
	}
	if !call.Refused(waits, key.Serial(), code, response.StatusCode) {
		return nil, nil
	}
	fresh, err := t.provider.current(ctx)
	if err != nil {
		return nil, nil
	}
	return signed(style, request, fresh), fresh
}

// canSign says whether the request can be sent again, and is signed just as we would with its key.
func canSign(style style, request *http.Request, key *kmsramcred.Credential) bool {
	replayable := request.Body == nil || request.Body == http.NoBody || request.GetBody != nil
	return replayable && style.intact(request, key.AccessKeySecret())
}

// signed is a copy of the request, signed with this key; nil where there is none to be had.
func signed(style style, request *http.Request, key *kmsramcred.Credential) *http.Request {
	made := request.Clone(request.Context())
	if request.GetBody != nil {
		body, err := request.GetBody()
		if err != nil {
			return nil
		}
		made.Body = body
	}
	if style.sign(made, key) != nil {
		return nil
	}
	return made
}

// awaitTimeOut lets an http.Client notice that its time-out is over before it is told of the error. Of a transport that it
// does not know it learns that by a timer beside the context's, and the SDK tells time-outs of reading from those of
// connecting by the words that the http.Client then adds.
func awaitTimeOut(request *http.Request) {
	if request.Cancel == nil || !errors.Is(request.Context().Err(), context.DeadlineExceeded) {
		return
	}
	select {
	case <-request.Cancel:
	case <-time.After(reserve):
	}
}
