package kmsramcred

import (
	"context"
	"time"

	"github.com/kmsramcred/kmsramcred/go/internal/ffi"
)

// Action is what to do about a refusal.
type Action int32

const (
	// Unrelated: it is not about the key; show the service's own error.
	Unrelated Action = 0
	// Retry: another value is ready; take the credential anew and send again.
	Retry Action = 1
	// RetryLater: wait for [Verdict.RetryAfter], then as Retry.
	RetryLater Action = 2
	// GiveUp: show the service's own error; [Verdict.Cause] says why no newer key could be had, if that is known.
	GiveUp Action = 3
)

// String is the action in words.
func (a Action) String() string {
	switch a {
	case Unrelated:
		return "unrelated"
	case Retry:
		return "retry"
	case RetryLater:
		return "retry_later"
	default:
		return "give_up"
	}
}

// Refusal is what a service said to a call.
type Refusal struct {
	Serial     uint64 // of the credential that the call was signed with
	Service    string // family or product, such as Ecs or oss
	Host       string // the endpoint that the call went to
	Code       string // the service's error code
	Judged     bool   // the caller has judged by itself that the key is dead; Code does not count
	HTTPStatus int    // 0 if there was none
	Round      int    // 1 for the first refusal of a call, one more each time
}

func (r Refusal) toC() ffi.Refusal {
	return ffi.Refusal{
		Serial:     r.Serial,
		Service:    r.Service,
		Host:       r.Host,
		Code:       r.Code,
		Judged:     r.Judged,
		HTTPStatus: int32(r.HTTPStatus),
		Round:      uint32(max(0, r.Round)),
	}
}

// Verdict is what to do about a refusal.
type Verdict struct {
	Action     Action
	RetryAfter time.Duration
	Cause      *Error
}

// Again waits as the verdict says. True: take the credential anew and send again. False: show the service's own error; that
// is also the answer when ctx ends before the wait.
func (v Verdict) Again(ctx context.Context) bool {
	if v.Action == Retry {
		return ctx.Err() == nil
	}
	if v.Action != RetryLater {
		return false
	}
	timer := time.NewTimer(v.RetryAfter)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// ReportFailure tells that a service refused a call, and asks what to do. left is what is left of the call's budget, which
// begins at its first refusal (10 s is a good one) and ends the retries; a nearer deadline of ctx counts instead. When ctx
// is cancelled it returns at once, and so it does for what is not about the key.
func (s *Secret) ReportFailure(ctx context.Context, refusal Refusal, left time.Duration) (Verdict, error) {
	if err := ctx.Err(); err != nil {
		return Verdict{Action: GiveUp}, err
	}
	if deadline, ok := ctx.Deadline(); ok {
		left = min(left, time.Until(deadline))
	}
	asked := refusal.toC()
	if !s.handle.IsAboutTheKey(asked) {
		return Verdict{Action: Unrelated}, nil
	}
	ends := time.Now().Add(left)
	// Of the many that meet one dead key, few wait in C; the others find its successor there.
	select {
	case s.reporting <- struct{}{}:
	case <-ctx.Done():
		return Verdict{Action: GiveUp}, ctx.Err()
	}
	var found ffi.Verdict
	done := make(chan error, 1)
	go func() {
		defer func() { <-s.reporting }()
		var fault *ffi.Fault
		found, fault = s.handle.ReportFailure(asked, milliseconds(time.Until(ends)))
		done <- asError(fault)
	}()
	select {
	case err := <-done:
		if err != nil {
			return Verdict{Action: GiveUp}, err
		}
		verdict := Verdict{
			Action:     Action(found.Number),
			RetryAfter: time.Duration(found.RetryAfterMS) * time.Millisecond,
		}
		if found.Cause != nil {
			verdict.Cause = newError(found.Cause)
		}
		return verdict, nil
	case <-ctx.Done():
		return Verdict{Action: GiveUp}, ctx.Err()
	}
}
