package oss

import (
	"context"
	"strings"
	"sync"

	sdk "github.com/aliyun/aliyun-oss-go-sdk/oss"

	"github.com/kmsramcred/kmsramcred/go"
)

// provider gives the SDK one snapshot for each signature, and knows the last ones again.
type provider struct {
	secret *kmsramcred.Secret
	mu     sync.Mutex
	issued []*kmsramcred.Credential
}

// issuedMost is how many keys are recognized: of requests that were signed so many rotations ago.
const issuedMost = 8

var _ sdk.CredentialsProviderE = (*provider)(nil)

// snapshot is a key as the SDK takes it.
type snapshot struct{ key *kmsramcred.Credential }

func (s snapshot) GetAccessKeyID() string     { return s.key.AccessKeyID() }
func (s snapshot) GetAccessKeySecret() string { return s.key.AccessKeySecret() }
func (s snapshot) GetSecurityToken() string   { return s.key.SecurityToken() }

// none is a key that no service accepts.
type none struct{}

func (none) GetAccessKeyID() string     { return "" }
func (none) GetAccessKeySecret() string { return "" }
func (none) GetSecurityToken() string   { return "" }

// GetCredentialsE is the current key.
func (p *provider) GetCredentialsE() (sdk.Credentials, error) {
	key, err := p.secret.Credential(context.Background())
	if err != nil {
		return nil, err
	}
	p.note(key)
	return snapshot{key}, nil
}

// GetCredentials is for the one place of the SDK that takes no error, URLs of live channels.
func (p *provider) GetCredentials() sdk.Credentials {
	key, err := p.GetCredentialsE()
	if err != nil {
		return none{}
	}
	return key
}

func (p *provider) note(key *kmsramcred.Credential) {
	p.mu.Lock()
	defer p.mu.Unlock()
	last := len(p.issued) - 1
	if last >= 0 && p.issued[last].Serial() == key.Serial() {
		p.issued[last] = key
		return
	}
	if len(p.issued) == issuedMost {
		p.issued = append(p.issued[:0], p.issued[1:]...)
	}
	p.issued = append(p.issued, key)
}

// known is the key that a request was signed with; nil if it was not signed here.
func (p *provider) known(authorization string) *kmsramcred.Credential {
	id := idOf(authorization)
	p.mu.Lock()
	defer p.mu.Unlock()
	for at := len(p.issued) - 1; at >= 0 && id != ""; at-- {
		if p.issued[at].AccessKeyID() == id {
			return p.issued[at]
		}
	}
	return nil
}

// idOf is the AccessKey id in an Authorization header of any of the three signatures.
func idOf(authorization string) string {
	for _, form := range []struct{ before, after string }{
		{"OSS4-HMAC-SHA256 Credential=", "/"}, {"OSS2 AccessKeyId:", ","}, {"OSS ", ":"},
	} {
		if rest, is := strings.CutPrefix(authorization, form.before); is {
			id, _, _ := strings.Cut(rest, form.after)
			return id
		}
	}
	return ""
}
