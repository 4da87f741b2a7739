//go:build cgo

package ffi

// #include <kmsramcred.h>
import "C"

import (
	"runtime"
	"unsafe"
)

// Secret is a handle of a secret.
type Secret struct{ c *C.kmsramcred_secret }

// OpenSecret opens the secret of this name.
func (c *Client) OpenSecret(name string) (*Secret, *Fault) {
	defer runtime.KeepAlive(c)
	var secret *C.kmsramcred_secret
	var err *C.kmsramcred_error
	at, length := present(name)
	if fault := taken(C.kmsramcred_secret_open(c.c, at, length, &secret, &err), err); fault != nil {
		return nil, fault
	}
	made := &Secret{secret}
	runtime.AddCleanup(made, func(s *C.kmsramcred_secret) { end(func() { C.kmsramcred_secret_free(s) }) }, secret)
	return made, nil
}

// Generation is the address of the secret's generation word, readable as long as the process lives.
func (s *Secret) Generation() *uint64 {
	defer runtime.KeepAlive(s)
	return (*uint64)(unsafe.Pointer(C.kmsramcred_secret_generation(s.c)))
}

// LoadGeneration reads the word by a call, for the benchmark that shows what the address saves.
func (s *Secret) LoadGeneration() uint64 {
	defer runtime.KeepAlive(s)
	return uint64(C.kmsramcred_generation_load(C.kmsramcred_secret_generation(s.c)))
}

// Value is a credential's content, copied.
type Value struct {
	AccessKeyID, AccessKeySecret, SecurityToken, VersionID string

	Serial, Generation      uint64
	FetchedAtMS, NotAfterMS int64
	Accepted                bool
}

// Acquire gets the current credential.
func (s *Secret) Acquire(timeoutMS uint64) (Value, *Fault) {
	defer runtime.KeepAlive(s)
	var credential *C.kmsramcred_credential
	var err *C.kmsramcred_error
	status := C.kmsramcred_secret_acquire(s.c, C.uint64_t(timeoutMS), &credential, &err)
	if fault := taken(status, err); fault != nil {
		return Value{}, fault
	}
	defer C.kmsramcred_credential_free(credential)
	return Value{
		AccessKeyID:     C.GoString(C.kmsramcred_credential_access_key_id(credential, nil)),
		AccessKeySecret: C.GoString(C.kmsramcred_credential_access_key_secret(credential, nil)),
		SecurityToken:   C.GoString(C.kmsramcred_credential_security_token(credential, nil)),
		VersionID:       C.GoString(C.kmsramcred_credential_version_id(credential, nil)),
		Serial:          uint64(C.kmsramcred_credential_serial(credential)),
		Generation:      uint64(C.kmsramcred_credential_generation(credential)),
		FetchedAtMS:     int64(C.kmsramcred_credential_fetched_at_unix_ms(credential)),
		NotAfterMS:      int64(C.kmsramcred_credential_not_after_unix_ms(credential)),
		Accepted:        bool(C.kmsramcred_credential_is_accepted(credential)),
	}, nil
}

// Refresh fetches now.
func (s *Secret) Refresh(timeoutMS uint64) *Fault {
	defer runtime.KeepAlive(s)
	var err *C.kmsramcred_error
	return taken(C.kmsramcred_secret_refresh(s.c, C.uint64_t(timeoutMS), &err), err)
}

// Refusal is what a service said.
type Refusal struct {
	Serial              uint64
	Service, Host, Code string
	Judged              bool
	HTTPStatus          int32
	Round               uint32
}

// code is NULL where the caller has judged by itself.
func (r Refusal) code() (*C.char, C.size_t) {
	if r.Judged {
		return nil, 0
	}
	return present(r.Code)
}

// IsAboutTheKey says whether a refusal is worth a report. It does not block.
func (s *Secret) IsAboutTheKey(refusal Refusal) bool {
	defer runtime.KeepAlive(s)
	service, serviceLen := text(refusal.Service)
	code, codeLen := refusal.code()
	return bool(C.kmsramcred_secret_is_about_the_key(s.c, service, serviceLen, code, codeLen, C.int32_t(refusal.HTTPStatus)))
}

// Verdict is what to do about a refusal; Cause is why no newer key could be had.
type Verdict struct {
	Number       int32
	RetryAfterMS uint64
	Cause        *Fault
}

// ReportFailure reports a refusal.
func (s *Secret) ReportFailure(refusal Refusal, timeoutMS uint64) (Verdict, *Fault) {
	defer runtime.KeepAlive(s)
	service, serviceLen := text(refusal.Service)
	host, hostLen := text(refusal.Host)
	code, codeLen := refusal.code()
	var verdict C.int32_t
	var wait C.uint64_t
	var err *C.kmsramcred_error
	status := C.kmsramcred_secret_report_failure(s.c, C.uint64_t(refusal.Serial), service, serviceLen, host, hostLen,
		code, codeLen, C.int32_t(refusal.HTTPStatus), C.uint32_t(refusal.Round), C.uint64_t(timeoutMS),
		&verdict, &wait, &err)
	if fault := taken(status, err); fault != nil {
		return Verdict{}, fault
	}
	found := Verdict{Number: int32(verdict), RetryAfterMS: uint64(wait)}
	if err != nil {
		found.Cause = described(err)
		C.kmsramcred_error_free(err)
	}
	return found, nil
}

// ReportSuccess reports that a service accepted a serial.
func (s *Secret) ReportSuccess(serial uint64) {
	defer runtime.KeepAlive(s)
	C.kmsramcred_secret_report_success(s.c, C.uint64_t(serial))
}

// Explain gives a JSON text.
func (s *Secret) Explain() (string, *Fault) {
	defer runtime.KeepAlive(s)
	return grown(func(buffer *C.char, room C.size_t, length *C.size_t) C.kmsramcred_status {
		return C.kmsramcred_secret_explain(s.c, buffer, room, length)
	})
}
