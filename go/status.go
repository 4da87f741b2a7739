package kmsramcred

import "strconv"

// Status is the kind of an [Error], with the number that it has in every language. It is an error itself, so that
// errors.Is(err, kmsramcred.ErrClosed) tells the kind.
type Status int32

// Every kind of error. What to do about each is in docs/troubleshooting.md and in [Error.Advice].
const (
	ErrNullArgument      Status = 1
	ErrInvalidArgument   Status = 2
	ErrInvalidUTF8       Status = 3
	ErrClosed            Status = 4
	ErrInternal          Status = 5
	ErrConfigMissing     Status = 100
	ErrConfigInvalid     Status = 101
	ErrSourceUnavailable Status = 200
	ErrSourceDenied      Status = 201
	ErrNetwork           Status = 300
	ErrTLS               Status = 301
	ErrTimeout           Status = 302
	ErrKMSDenied         Status = 400
	ErrKMSNotFound       Status = 401
	ErrKMSThrottled      Status = 402
	ErrKMSServer         Status = 403
	ErrKMSRejected       Status = 404
	ErrSecretType        Status = 500
	ErrSecretMalformed   Status = 501
	ErrNotReady          Status = 600
	ErrExpired           Status = 601
)

var statusNames = map[Status]string{
	ErrNullArgument:      "null_argument",
	ErrInvalidArgument:   "invalid_argument",
	ErrInvalidUTF8:       "invalid_utf8",
	ErrClosed:            "closed",
	ErrInternal:          "internal",
	ErrConfigMissing:     "config_missing",
	ErrConfigInvalid:     "config_invalid",
	ErrSourceUnavailable: "source_unavailable",
	ErrSourceDenied:      "source_denied",
	ErrNetwork:           "network",
	ErrTLS:               "tls",
	ErrTimeout:           "timeout",
	ErrKMSDenied:         "kms_denied",
	ErrKMSNotFound:       "kms_not_found",
	ErrKMSThrottled:      "kms_throttled",
	ErrKMSServer:         "kms_server",
	ErrKMSRejected:       "kms_rejected",
	ErrSecretType:        "secret_type",
	ErrSecretMalformed:   "secret_malformed",
	ErrNotReady:          "not_ready",
	ErrExpired:           "expired",
}

// String is the kind in words, such as kms_not_found.
func (s Status) String() string {
	if name, known := statusNames[s]; known {
		return name
	}
	return "status_" + strconv.Itoa(int(s))
}

// Error makes a Status a target of errors.Is.
func (s Status) Error() string { return "kmsramcred: " + s.String() }
