package kmsramcred

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"sync/atomic"
	"time"

	"github.com/kmsramcred/kmsramcred/go/internal/ffi"
)

// Credential is an immutable snapshot: AccessKey id, secret and token that belong together. However it is printed, logged or
// marshalled, it shows no more than the end of the id; only the getters give the secret.
type Credential struct {
	// Beside the content, so that a warm read touches nothing else. While the secret's word says serves, nothing else has to be
	// looked at; it is the generation, or never where the key ends.
	serves     uint64
	generation uint64
	notAfterMS int64
	// A function, because fmt looks through unexported fields and pointers, past every method, and not into a closure.
	content func() *value
}

type value struct {
	ffi.Value
	accepted atomic.Bool
}

// never is what no generation reaches.
const never = math.MaxUint64

// noCredential is kept before the first.
var noCredential = &Credential{serves: never, generation: 0}

func newCredential(from ffi.Value) *Credential {
	made := &value{Value: from}
	made.accepted.Store(from.Accepted)
	serves := from.Generation
	if from.NotAfterMS != 0 {
		serves = never
	}
	return &Credential{serves, from.Generation, from.NotAfterMS, func() *value { return made }}
}

// AccessKeyID is the id of the AccessKey.
func (c Credential) AccessKeyID() string { return c.content().AccessKeyID }

// AccessKeySecret is the secret of the AccessKey. Do not log it.
func (c Credential) AccessKeySecret() string { return c.content().AccessKeySecret }

// SecurityToken is that of a temporary key, as secret as the secret; "" for a plain AccessKey.
func (c Credential) SecurityToken() string { return c.content().SecurityToken }

// VersionID is the version of the value in KMS; may be "".
func (c Credential) VersionID() string { return c.content().VersionID }

// Serial is the number of this value: equal values have equal serials.
func (c Credential) Serial() uint64 { return c.content().Serial }

// FetchedAt is when it was fetched, by this machine's clock.
func (c Credential) FetchedAt() time.Time { return time.UnixMilli(c.content().FetchedAtMS) }

// NotAfter is its hard end of life, by this machine's clock; ok is false where there is none.
func (c Credential) NotAfter() (end time.Time, ok bool) {
	if c.notAfterMS == 0 {
		return time.Time{}, false
	}
	return time.UnixMilli(c.notAfterMS), true
}

// Accepted says whether a service is known to have accepted it.
func (c Credential) Accepted() bool { return c.content().accepted.Load() }

// String shows the end of the id and nothing else.
func (c Credential) String() string {
	if c.content == nil {
		return "kmsramcred.Credential(none)"
	}
	return "kmsramcred.Credential(" + c.ending() + ")"
}

// GoString is String.
func (c Credential) GoString() string { return c.String() }

// Format is String, whatever the verb.
func (c Credential) Format(state fmt.State, _ rune) { _, _ = state.Write([]byte(c.String())) }

// LogValue is String.
func (c Credential) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalJSON is String. It cannot be read back.
func (c Credential) MarshalJSON() ([]byte, error) { return json.Marshal(c.String()) }

// MarshalText is String. It cannot be read back.
func (c Credential) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

func (c Credential) ending() string {
	id := c.content().AccessKeyID
	if len(id) <= 8 {
		return "…"
	}
	return "…" + id[len(id)-4:]
}
