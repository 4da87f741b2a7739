//go:build cgo

package ffi

// #include <kmsramcred.h>
import "C"

// Fault is why a call failed.
type Fault struct {
	Status       int32
	Message      string
	Advice       string
	Text         string
	Code         string
	RequestID    string
	HTTPStatus   int
	Retryable    bool
	RetryAfterMS uint64
	Cause        *Fault
}

// taken makes a Fault of what a failing call returned, and frees the C error. Nil for success.
func taken(status C.kmsramcred_status, err *C.kmsramcred_error) *Fault {
	if status == C.KMSRAMCRED_OK {
		return nil
	}
	if err == nil {
		name := C.GoString(C.kmsramcred_status_name(status))
		return &Fault{Status: int32(status), Message: name, Text: name}
	}
	defer C.kmsramcred_error_free(err)
	return described(err)
}

func described(err *C.kmsramcred_error) *Fault {
	fault := &Fault{
		Status:       int32(C.kmsramcred_error_status(err)),
		Message:      C.GoString(C.kmsramcred_error_message(err, nil)),
		Advice:       C.GoString(C.kmsramcred_error_advice(err, nil)),
		Text:         C.GoString(C.kmsramcred_error_text(err, nil)),
		Code:         C.GoString(C.kmsramcred_error_kms_code(err, nil)),
		RequestID:    C.GoString(C.kmsramcred_error_request_id(err, nil)),
		HTTPStatus:   int(C.kmsramcred_error_http_status(err)),
		Retryable:    bool(C.kmsramcred_error_is_retryable(err)),
		RetryAfterMS: uint64(C.kmsramcred_error_retry_after_ms(err)),
	}
	if cause := C.kmsramcred_error_cause(err); cause != nil {
		fault.Cause = described(cause)
	}
	return fault
}
