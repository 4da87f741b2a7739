package tea

import (
	"context"

	"github.com/kmsramcred/kmsramcred/go"
)

// Do makes one call of a client that has this secret's [Credential], and makes it again when the service refuses the key.
// Needed only where the SDK's own loop hears of no code: clients with a gateway of their own (SPI). send must be able to send
// again: a reader has to be rewound in it.
func Do[T any](ctx context.Context, secret *kmsramcred.Secret, service string, send func() (T, error)) (T, error) {
	rounds := secret.NewCall(service, "")
	credential, err := secret.Credential(ctx)
	if err != nil {
		var none T
		return none, err
	}
	for {
		answer, err := send()
		if err == nil {
			rounds.Accepted(credential.Serial())
			return answer, nil
		}
		code, status := codeOf(err)
		if code == "" || !rounds.Refused(ctx, credential.Serial(), code, status) {
			return answer, err
		}
		fresh, missing := secret.Credential(ctx)
		if missing != nil {
			return answer, err
		}
		credential = fresh
	}
}
