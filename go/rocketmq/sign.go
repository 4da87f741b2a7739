package rocketmq

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	innerMD "github.com/apache/rocketmq-clients/golang/v5/metadata"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/kmsramcred/kmsramcred/go"
)

// dateLayout is the client's own: local time, whatever the Z says.
const dateLayout = "20060102T150405Z"

// secretOf is the secret whose placeholder the client has signed with; nil where it is somebody else's key.
func secretOf(ctx context.Context) (*kmsramcred.Secret, error) {
	sent, _ := metadata.FromOutgoingContext(ctx)
	// The client signs a context again that it has signed already: the last value is of the last time.
	authorization, date := last(sent, innerMD.Authorization), last(sent, innerMD.DateTime)
	_, rest, is := strings.Cut(authorization, innerMD.Credential+"="+placeholder)
	if !is {
		return nil, nil
	}
	digits, _, _ := strings.Cut(rest, "/")
	name := placeholder + digits
	if authorization != authorize(name, placeholderSecret, date) {
		return nil, status.Error(codes.Internal, "kmsramcred: this rocketmq-clients signs otherwise than 5.1.4 does: nothing was sent")
	}
	found, is := known.Load(name)
	if !is {
		return nil, status.Error(codes.Internal, "kmsramcred: the credentials of this client were not made by rocketmq.Credentials, or copied")
	}
	return found.(*kmsramcred.Secret), nil
}

// signed is ctx with the client's metadata, signed with this key.
func signed(ctx context.Context, credential *kmsramcred.Credential) context.Context {
	// A copy.
	sent, _ := metadata.FromOutgoingContext(ctx)
	date := time.Now().Format(dateLayout)
	sent.Set(innerMD.DateTime, date)
	sent.Set(innerMD.Authorization, authorize(credential.AccessKeyID(), credential.AccessKeySecret(), date))
	return metadata.NewOutgoingContext(ctx, sent)
}

// authorize is the header of the protocol: only the date is signed.
func authorize(id, secret, date string) string {
	mac := hmac.New(sha1.New, []byte(secret))
	mac.Write([]byte(date))
	return fmt.Sprintf("%s %s=%s//%s, %s=%s, %s=%s", innerMD.EncryptHeader, innerMD.Credential, id, innerMD.Rocketmq,
		innerMD.SignedHeaders, innerMD.DateTime, innerMD.Signature, hex.EncodeToString(mac.Sum(nil)))
}

func last(sent metadata.MD, name string) string {
	values := sent.Get(name)
	if len(values) == 0 {
		return ""
	}
	return values[len(values)-1]
}

// current is the key to sign with.
func current(ctx context.Context, secret *kmsramcred.Secret) (*kmsramcred.Credential, error) {
	credential, err := secret.Credential(ctx)
	if err != nil {
		return nil, status.Error(codes.Unauthenticated, "kmsramcred: "+err.Error())
	}
	if credential.SecurityToken() != "" {
		return nil, status.Error(codes.Unauthenticated, errToken.Error())
	}
	return credential, nil
}
