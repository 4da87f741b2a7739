package kmsramcred

import (
	"context"
	"time"
)

const (
	// CallBudget is how long the retries of one call may take, from its first refusal.
	CallBudget = 10 * time.Second
	// sends of one call, the first one included, whatever the verdicts say.
	sends = 16
)

// Call follows the verdicts about one call of the user: what every adapter runs around a send.
//
//	call := secret.NewCall("Ecs", host)
//	for {
//		credential, err := secret.Credential(ctx)
//		... sign and send ...
//		if !refused { call.Accepted(serial); return }
//		if !call.Refused(ctx, serial, code, status) { return } // the service's own error
//	}
//
// It is for one goroutine at a time.
type Call struct {
	secret        *Secret
	service, host string
	round         int
	ends          time.Time
	cause         *Error
}

// NewCall begins a call to a service (its family or product, such as Ecs or oss) at a host. Nothing happens yet.
func (s *Secret) NewCall(service, host string) *Call {
	return &Call{secret: s, service: service, host: host}
}

// Accepted tells that the service accepted what was signed with this serial, whatever else it answered.
func (c *Call) Accepted(serial uint64) { c.secret.ReportSuccess(serial) }

// Refused reports a refusal, by the service's error code and HTTP status, and waits as the verdict says. True: take the
// credential anew and send again. False: show the service's own error. Never true where ctx has ended.
func (c *Call) Refused(ctx context.Context, serial uint64, code string, httpStatus int) bool {
	return c.again(ctx, Refusal{Serial: serial, Code: code, HTTPStatus: httpStatus})
}

func (c *Call) again(ctx context.Context, refusal Refusal) bool {
	verdict, ok := c.report(ctx, refusal)
	if !ok || c.round >= sends {
		return false
	}
	if verdict.Action == RetryLater && verdict.RetryAfter > time.Until(c.ends) {
		return false
	}
	return verdict.Again(ctx)
}

// RefusedKey is Refused for an answer by which the caller itself knows that the key is dead, where its code is none of those
// that the library knows.
func (c *Call) RefusedKey(ctx context.Context, serial uint64) bool {
	return c.again(ctx, Refusal{Serial: serial, Judged: true})
}

// RefusedForGood is Refused for a request that cannot be sent again, since its body is gone: the key is refreshed for the
// next call all the same. It does not wait: the report goes on beside the caller, whatever becomes of the caller's context, and
// a call that comes before it has ended may meet the dead key too. Where as many reports of this secret as may are under way,
// it is dropped, since these have asked KMS already.
func (c *Call) RefusedForGood(serial uint64, code string, httpStatus int) {
	refusal := c.next(Refusal{Serial: serial, Code: code, HTTPStatus: httpStatus})
	c.secret.reportBeside(refusal, time.Until(c.ends))
}

// Cause says why no newer key could be had, where that is known after a refusal; nil otherwise.
func (c *Call) Cause() *Error { return c.cause }

func (c *Call) report(ctx context.Context, refusal Refusal) (Verdict, bool) {
	refusal = c.next(refusal)
	verdict, err := c.secret.ReportFailure(ctx, refusal, time.Until(c.ends))
	c.cause = verdict.Cause
	return verdict, err == nil
}

// next is a refusal of this call, counted.
func (c *Call) next(refusal Refusal) Refusal {
	if c.round == 0 {
		c.ends = time.Now().Add(CallBudget)
	}
	c.round++
	refusal.Service, refusal.Host, refusal.Round = c.service, c.host, c.round
	return refusal
}
