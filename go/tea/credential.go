package tea

import (
	"cmp"
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/alibabacloud-go/tea/dara"
	"github.com/aliyun/credentials-go/credentials"

	"github.com/kmsramcred/kmsramcred/go"
)

// Credential is the current AccessKey of a RAM secret, for whatever takes a credentials-go credential: one snapshot of id,
// secret and token for each GetCredential. On its own it hears of no refusal and reports no success; [Configure] makes it the
// judge of a client's retries too. It is safe for concurrent use.
type Credential struct {
	secret *kmsramcred.Secret
	// judges says that a client of Configure asks for the key once for each send, and for the delay after a refusal.
	judges bool

	// judged counts the calls that were refused and have not asked for a key since.
	judged atomic.Int32
	mu     sync.Mutex
	// calls that are being retried, by the goroutine that makes them.
	calls map[uint64]*call
	// issued are the last keys that were given to the SDK; the newest last.
	issued  []*kmsramcred.Credential
	newest  atomic.Pointer[kmsramcred.Credential]
	witness witness
}

// call is a call between two attempts: the SDK asks for the delay and then for the key, on one goroutine, and has nothing
// else that belongs to the call.
type call struct {
	rounds   *kmsramcred.Call
	attempts int
	// begun is when it was refused first, and judged when it was refused last.
	begun, judged time.Time
	// refusal is what it was refused with, until it asks for another key; ended says that it is to end with that.
	refusal error
	ended   bool
}

// witness is a goroutine that got the newest key. When it asks again without having been refused, the key is taken as accepted:
// the SDK shows no success.
type witness struct {
	goroutine uint64
	serial    uint64
	since     time.Time
}

var _ credentials.Credential = (*Credential)(nil)
var _ dara.BackoffPolicy = (*Credential)(nil)

// issuedMost is how many keys can be recognized in refusals: of calls that were signed so many rotations ago.
const issuedMost = 8

// stale is when a refusal that a call was to end with belongs to no call any more: the SDK asks for the key at once.
const stale = time.Second

// NewCredential makes one.
func NewCredential(secret *kmsramcred.Secret) *Credential {
	return &Credential{secret: secret, calls: make(map[uint64]*call)}
}

// GetCredential is the current key.
func (c *Credential) GetCredential() (*credentials.CredentialModel, error) {
	var refusal error
	if c.judged.Load() > 0 {
		var ended bool
		if refusal, ended = c.refusalOf(goroutine()); ended {
			return nil, refusal
		}
	}
	current, err := c.snapshot()
	if err != nil {
		// A call that was refused ends with what the service said.
		return nil, cmp.Or(refusal, err)
	}
	if c.judges && !current.Accepted() {
		c.watch(current.Serial())
	}
	return model(current), nil
}

func (c *Credential) snapshot() (*kmsramcred.Credential, error) {
	current, err := c.secret.Credential(context.Background())
	if err == nil && current != c.newest.Load() {
		c.note(current)
	}
	return current, err
}

func model(current *kmsramcred.Credential) *credentials.CredentialModel {
	id, secret, kind := current.AccessKeyID(), current.AccessKeySecret(), "access_key"
	model := &credentials.CredentialModel{AccessKeyId: &id, AccessKeySecret: &secret, Type: &kind}
	if token := current.SecurityToken(); token != "" {
		kind = "sts"
		model.SecurityToken = &token
	}
	return model
}

// GetDelayTime is part of the SDK's retries: it tells the library of the refusal and waits as it says.
func (c *Credential) GetDelayTime(context *dara.RetryPolicyContext) int {
	number := goroutine()
	refused := c.known(keyOf(context.HttpRequest))
	c.mu.Lock()
	c.forget()
	found := c.calls[number]
	c.take(found)
	if found == nil || found.ended || context.RetriesAttempted != found.attempts+1 ||
		time.Since(found.begun) > kmsramcred.CallBudget {
		found = &call{rounds: c.secret.NewCall(service(context.HttpRequest), host(context.HttpRequest)), begun: time.Now()}
		c.calls[number] = found
	}
	found.attempts = context.RetriesAttempted
	c.witness = c.witness.refusedOn(number)
	c.mu.Unlock()
	ended := refused == nil || !c.again(found, refused, context)
	c.mu.Lock()
	found.refusal, found.judged, found.ended = giveUp(context.Exception), time.Now(), ended
	c.judged.Add(1)
	c.mu.Unlock()
	return 0
}

func (c *Credential) again(found *call, refused *kmsramcred.Credential, told *dara.RetryPolicyContext) bool {
	code, status := codeOf(told.Exception)
	if isStream(told.HttpRequest) {
		// The SDK has read it to its end: what it sent next would be empty and signed as such.
		found.rounds.RefusedForGood(refused.Serial(), code, status)
		return false
	}
	if !documented(code) {
		// One that Configure was given.
		return found.rounds.RefusedKey(context.Background(), refused.Serial())
	}
	return found.rounds.Refused(context.Background(), refused.Serial(), code, status)
}

// refusalOf is what the call of this goroutine was refused with before it asks for a key now, and whether it is to end with
// that.
func (c *Credential) refusalOf(number uint64) (refusal error, ended bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	found := c.calls[number]
	refusal = c.take(found)
	if refusal == nil {
		return nil, false
	}
	if found.ended {
		delete(c.calls, number)
	}
	if time.Since(found.judged) > stale {
		// That call ended in some other way, and this is another one.
		return nil, false
	}
	return refusal, found.ended
}

// take takes the refusal of a call out of it.
func (c *Credential) take(found *call) error {
	if found == nil || found.refusal == nil {
		return nil
	}
	refusal := found.refusal
	found.refusal = nil
	c.judged.Add(-1)
	return refusal
}

// forget drops the calls that have ended long ago: nobody tells of an end.
func (c *Credential) forget() {
	for number, found := range c.calls {
		if time.Since(found.begun) > 4*kmsramcred.CallBudget {
			c.take(found)
			delete(c.calls, number)
		}
	}
}

func (c *Credential) note(current *kmsramcred.Credential) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.newest.Store(current)
	for at, known := range c.issued {
		if known.Serial() == current.Serial() {
			c.issued[at] = current
			return
		}
	}
	if len(c.issued) == issuedMost {
		c.issued = append(c.issued[:0], c.issued[1:]...)
	}
	c.issued = append(c.issued, current)
}

func (c *Credential) known(id string) *kmsramcred.Credential {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, issued := range c.issued {
		if issued.AccessKeyID() == id {
			return issued
		}
	}
	return nil
}

func (c *Credential) watch(serial uint64) {
	number := goroutine()
	c.mu.Lock()
	seen := c.witness
	if seen.serial != serial || time.Since(seen.since) > time.Second {
		c.witness = witness{goroutine: number, serial: serial, since: time.Now()}
	}
	c.mu.Unlock()
	if seen.serial == serial && seen.goroutine == number {
		c.secret.ReportSuccess(serial)
	}
}

func (w witness) refusedOn(goroutine uint64) witness {
	if w.goroutine == goroutine {
		return witness{}
	}
	return w
}

// GetType is "access_key", or "sts" where there is a token.
func (c *Credential) GetType() *string {
	current, err := c.snapshot()
	if err != nil {
		return dara.String("access_key")
	}
	return model(current).Type
}

// GetAccessKeyId is of its own snapshot: use GetCredential.
func (c *Credential) GetAccessKeyId() (*string, error) {
	return part(c, func(m *credentials.CredentialModel) *string { return m.AccessKeyId })
}

// GetAccessKeySecret is of its own snapshot: use GetCredential.
func (c *Credential) GetAccessKeySecret() (*string, error) {
	return part(c, func(m *credentials.CredentialModel) *string { return m.AccessKeySecret })
}

// GetSecurityToken is of its own snapshot: use GetCredential.
func (c *Credential) GetSecurityToken() (*string, error) {
	return part(c, func(m *credentials.CredentialModel) *string { return m.SecurityToken })
}

// GetBearerToken is empty.
func (c *Credential) GetBearerToken() *string { return dara.String("") }

func part(c *Credential, of func(*credentials.CredentialModel) *string) (*string, error) {
	current, err := c.snapshot()
	if err != nil {
		return nil, err
	}
	return of(model(current)), nil
}

// String shows no secret.
func (c *Credential) String() string { return "tea.Credential(" + c.secret.Name() + ")" }
