// Package tea lets clients that are generated on darabonba-openapi (the V2 SDKs) follow the rotations of a RAM secret.
//
// [Configure] gives a client the current key for each signature, and the SDK's own retry loop sends a refused call again.
// [Do] does the same around one call, for clients whose loop hears of no code.
package tea

import (
	"slices"

	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/client"
	"github.com/alibabacloud-go/tea/dara"

	"github.com/kmsramcred/kmsramcred/go"
)

// attempts of one call, the first and those for other reasons included. The verdicts end the retries before.
const attempts = 16

// Configure is a copy of config for a client that follows the secret. An AccessKey, token or credential in config is left out:
// the SDK would prefer it. Its RetryOptions go on working; refusals count against their MaxAttempts too.
//
// codes are error codes of services that say that the key is dead, beside the documented ones.
func Configure(config *openapi.Config, secret *kmsramcred.Secret, codes ...string) *openapi.Config {
	made := *config
	made.AccessKeyId, made.AccessKeySecret, made.SecurityToken, made.BearerToken = nil, nil, nil, nil
	credential := NewCredential(secret)
	credential.judges = true
	made.Credential = credential
	refused := &dara.RetryCondition{
		MaxAttempts: attempts,
		Backoff:     credential,
		ErrorCode:   slices.Concat(deadKeys, codes),
	}
	options := &dara.RetryOptions{
		Retryable:        true,
		MaxAttempts:      1, // for whatever no condition is about
		RetryCondition:   []*dara.RetryCondition{refused},
		NoRetryCondition: []*dara.RetryCondition{{Exception: []string{givenUp}}},
	}
	if given := config.RetryOptions; given != nil && given.Retryable {
		options.MaxAttempts = given.MaxAttempts
		options.RetryCondition = append(options.RetryCondition, given.RetryCondition...)
		options.NoRetryCondition = append(options.NoRetryCondition, given.NoRetryCondition...)
	}
	made.RetryOptions = options
	return &made
}

// ConfigureByName is [Configure] for a secret of [kmsramcred.Default].
func ConfigureByName(config *openapi.Config, name string, codes ...string) (*openapi.Config, error) {
	secret, err := kmsramcred.DefaultSecret(name)
	if err != nil {
		return nil, err
	}
	return Configure(config, secret, codes...), nil
}

// deadKeys are the codes that the library takes for a dead key without being told: the SDK asks nobody before it retries.
var deadKeys = []string{
	"InvalidAccessKeyId", "InvalidAccessKeyId.NotFound", "InvalidAccessKeyId.Inactive", "Forbidden.AccessKeyDisabled",
}
