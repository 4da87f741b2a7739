package acs

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"sync/atomic"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth/credentials"
	"github.com/kmsramcred/kmsramcred/go"
)

const (
	providerName = "kmsramcred"
	// kept is how many keys back a request may have been signed.
	kept = 8
)

// Provider gives the current key of a secret to the SDK, as one snapshot for each signature. It is a
// credentials.CredentialsProvider, for sdk.NewClientWithOptions and its like.
type Provider struct {
	secret *kmsramcred.Secret
	closed atomic.Bool
	// The keys that were handed out last, the newest first; never changed in place.
	recent atomic.Pointer[[]*kmsramcred.Credential]
}

// NewProvider makes the provider of a secret. Nothing is fetched yet.
func NewProvider(secret *kmsramcred.Secret) *Provider { return &Provider{secret: secret} }

// Secret is the secret whose key it gives.
func (p *Provider) Secret() *kmsramcred.Secret { return p.secret }

// GetProviderName names the provider to the SDK, which tells it to services.
func (p *Provider) GetProviderName() string { return providerName }

// GetCredentials waits for 10 s at most, and only where there is no key at hand.
func (p *Provider) GetCredentials() (*credentials.Credentials, error) {
	key, err := p.current(context.Background())
	if err != nil {
		return nil, err
	}
	snapshot := &credentials.Credentials{
		AccessKeyId:     key.AccessKeyID(),
		AccessKeySecret: key.AccessKeySecret(),
		SecurityToken:   key.SecurityToken(),
	}
	// Newer versions of the SDK send the name in a header, and an empty header where there is none.
	if name := reflect.ValueOf(snapshot).Elem().FieldByName("ProviderName"); name.IsValid() {
		name.SetString(providerName)
	}
	return snapshot, nil
}

func (p *Provider) current(ctx context.Context) (*kmsramcred.Credential, error) {
	if p.closed.Load() {
		return nil, fmt.Errorf("acs: this client of secret %q was closed; make a new one: %w", p.secret.Name(), kmsramcred.ErrClosed)
	}
	key, err := p.secret.Credential(ctx)
	if err == nil {
		p.remember(key)
	}
	return key, err
}

func (p *Provider) remember(key *kmsramcred.Credential) {
	for {
		before := p.recent.Load()
		var keys []*kmsramcred.Credential
		if before != nil {
			keys = *before
		}
		if slices.ContainsFunc(keys, func(known *kmsramcred.Credential) bool { return known.Serial() == key.Serial() }) {
			return
		}
		after := append([]*kmsramcred.Credential{key}, keys[:min(len(keys), kept-1)]...)
		if p.recent.CompareAndSwap(before, &after) {
			return
		}
	}
}

// issued is the key that was handed out with this id; nil if there was none.
func (p *Provider) issued(id string) *kmsramcred.Credential {
	return p.find(func(key *kmsramcred.Credential) bool { return key.AccessKeyID() == id })
}

// gave says whether this token is that of a key that was handed out.
func (p *Provider) gave(token string) bool {
	return token != "" && p.find(func(key *kmsramcred.Credential) bool { return key.SecurityToken() == token }) != nil
}

func (p *Provider) find(wanted func(*kmsramcred.Credential) bool) *kmsramcred.Credential {
	keys := p.recent.Load()
	if keys == nil {
		return nil
	}
	if at := slices.IndexFunc(*keys, wanted); at >= 0 {
		return (*keys)[at]
	}
	return nil
}
