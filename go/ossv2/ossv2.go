// Package ossv2 lets clients of github.com/aliyun/alibabacloud-oss-go-sdk-v2 follow the rotations of a RAM secret.
//
//	client := oss.NewClient(config, ossv2.Follow(secret))
//
// The SDK's own signer signs each send with the current key. An operation whose key was refused is signed and sent again below
// the SDK's retries, which do not hear of it.
package ossv2

import (
	"context"
	"net/http"
	"time"

	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss"
	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss/credentials"
	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss/signer"

	"github.com/kmsramcred/kmsramcred/go"
	"github.com/kmsramcred/kmsramcred/go/internal/replay"
)

// Follow is an option of oss.NewClient, the last one: it puts itself round the signer and the HTTP client that the others have
// chosen, and in the place of the credentials provider.
func Follow(secret *kmsramcred.Secret) func(*oss.Options) {
	return func(options *oss.Options) {
		made := &follower{secret: secret, signer: options.Signer, client: options.HttpClient}
		options.CredentialsProvider, options.Signer, options.HttpClient = made, made, made
	}
}

// FollowByName is [Follow] for a secret of [kmsramcred.Default].
func FollowByName(name string) (func(*oss.Options), error) {
	secret, err := kmsramcred.DefaultSecret(name)
	if err != nil {
		return nil, err
	}
	return Follow(secret), nil
}

// follower stands in three places of one client: the signer knows how to sign a request, the HTTP client sees it refused.
type follower struct {
	secret *kmsramcred.Secret
	signer signer.Signer
	client oss.HTTPClient
}

// signed is what the signer tells the HTTP client, in the request's context.
type signed struct {
	by  *follower
	key *kmsramcred.Credential
	// context is the SDK's, and unset whether the time of the signature is for the signer to choose.
	context *signer.SigningContext
	unset   bool
}

type signedKey struct{}

// GetCredentials is the current key, for one signature.
func (f *follower) GetCredentials(ctx context.Context) (credentials.Credentials, error) {
	key, err := f.secret.Credential(ctx)
	if err != nil {
		return credentials.Credentials{}, err
	}
	return snapshot(key), nil
}

func snapshot(key *kmsramcred.Credential) credentials.Credentials {
	return credentials.Credentials{
		AccessKeyID: key.AccessKeyID(), AccessKeySecret: key.AccessKeySecret(), SecurityToken: key.SecurityToken(),
	}
}

// Sign signs by the SDK's signer.
func (f *follower) Sign(ctx context.Context, context *signer.SigningContext) error {
	if context.AuthMethodQuery {
		// A URL that leaves the process.
		return f.signer.Sign(ctx, context)
	}
	key, err := f.secret.Credential(ctx)
	if err != nil {
		return err
	}
	made := &signed{by: f, key: key, context: context, unset: context.Time.IsZero()}
	// The SDK sends this request, and signs it again where it retries.
	context.Request = withSigned(context.Request, made)
	return made.sign(ctx, key)
}

func withSigned(request *http.Request, made *signed) *http.Request {
	return request.WithContext(context.WithValue(request.Context(), signedKey{}, made))
}

func (s *signed) sign(ctx context.Context, key *kmsramcred.Credential) error {
	current := snapshot(key)
	s.context.Credentials = &current
	// The signer adds the token of a key that has one, but never takes an old one away.
	s.context.Request.Header.Del(replay.TokenHeader)
	if s.unset {
		s.context.Time = time.Time{}
	}
	return s.by.signer.Sign(ctx, s.context)
}

// Do sends.
func (f *follower) Do(request *http.Request) (*http.Response, error) {
	by, is := request.Context().Value(signedKey{}).(*signed)
	if !is || by.by != f {
		return f.client.Do(request)
	}
	made := &replay.Request{HTTP: request, Key: by.key, Next: f.client.Do}
	made.Sign = func(key *kmsramcred.Credential) (*http.Request, error) {
		return by.context.Request, by.sign(request.Context(), key)
	}
	// The SDK has marked where its body begins; Reset takes the checksum and the progress back too.
	if body, is := request.Body.(interface {
		IsSeekable() bool
		Reset() error
	}); is && body.IsSeekable() {
		made.Rewind = body.Reset
	}
	return made.Send(f.secret)
}
