package kmsramcred

import (
	"context"
	"time"

	"github.com/kmsramcred/kmsramcred/go/internal/ffi"
)

// Error is why a call failed: what was found, where, and what to do. It never holds a secret.
type Error struct {
	Status     Status        // the kind
	Message    string        // what was found and where
	Advice     string        // what the person who reads it should do
	Code       string        // the service's own error code, if it answered
	RequestID  string        // the service's request id, if it answered
	HTTPStatus int           // that of the service's answer, else 0
	Retryable  bool          // the same call may succeed later without anybody changing anything
	RetryAfter time.Duration // how long the service asked to wait

	text  string
	cause *Error
}

// Error is everything in one line.
func (e *Error) Error() string { return e.text }

// Unwrap is the error that led to this one.
func (e *Error) Unwrap() error {
	if e.cause == nil {
		return nil
	}
	return e.cause
}

// Is tells the kind. A timeout is a context.DeadlineExceeded too.
func (e *Error) Is(target error) bool {
	if status, ok := target.(Status); ok {
		return e.Status == status
	}
	return target == context.DeadlineExceeded && e.Status == ErrTimeout
}

// Timeout makes this a net.Error to those who ask for one.
func (e *Error) Timeout() bool { return e.Status == ErrTimeout }

// asError is nil for nil, which a nil *Error in an error would not be.
func asError(fault *ffi.Fault) error {
	if fault == nil {
		return nil
	}
	return newError(fault)
}

func newError(fault *ffi.Fault) *Error {
	made := &Error{
		Status:     Status(fault.Status),
		Message:    fault.Message,
		Advice:     fault.Advice,
		Code:       fault.Code,
		RequestID:  fault.RequestID,
		HTTPStatus: fault.HTTPStatus,
		Retryable:  fault.Retryable,
		RetryAfter: time.Duration(fault.RetryAfterMS) * time.Millisecond,
		text:       fault.Text,
	}
	if fault.Cause != nil {
		made.cause = newError(fault.Cause)
	}
	return made
}
