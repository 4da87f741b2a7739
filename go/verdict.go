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
	default:
		timer := time.NewTimer(left)
		defer timer.Stop()
		select {
		case s.reporting <- struct{}{}:
		case <-timer.C:
			return Verdict{Action: GiveUp}, nil
		case <-ctx.Done():
			return Verdict{Action: GiveUp}, ctx.Err()
		}
	}
	select {
	case answer := <-s.report(asked, ends):
		return answer.verdict, answer.err
	case <-ctx.Done():
		return Verdict{Action: GiveUp}, ctx.Err()
	}
}

// reportBeside reports a refusal whose caller does not wait for the verdict. Where every place for a report is taken it is
// dropped: those who hold them have asked KMS already.
func (s *Secret) reportBeside(refusal Refusal, left time.Duration) {
	asked := refusal.toC()
	if !s.handle.IsAboutTheKey(asked) {
		return
	}
	select {
	case s.reporting <- struct{}{}:
		s.report(asked, time.Now().Add(left))
	default:
	}
}

// told is the answer to a report.
type told struct {
	verdict Verdict
	err     error
}

// report reports inside C, on a goroutine of its own, and gives back the place that the caller has taken for it.
func (s *Secret) report(refusal ffi.Refusal, ends time.Time) <-chan told {
	done := make(chan told, 1)
	go func() {
		defer func() { <-s.reporting }()
		found, fault := s.handle.ReportFailure(refusal, milliseconds(time.Until(ends)))
		if fault != nil {
			done <- told{Verdict{Action: GiveUp}, newError(fault)}
			return
		}
		verdict := Verdict{
			Action:     Action(found.Number),
			RetryAfter: time.Duration(found.RetryAfterMS) * time.Millisecond,
		}
		if found.Cause != nil {
			verdict.Cause = newError(found.Cause)
		}
		done <- told{verdict, nil}
	}()
	return done
}
