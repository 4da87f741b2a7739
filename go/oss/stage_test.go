package oss_test

import (
	"errors"
	"testing"

	sdk "github.com/aliyun/aliyun-oss-go-sdk/oss"

	"github.com/kmsramcred/kmsramcred/go"
	"github.com/kmsramcred/kmsramcred/go/internal/emulator"
	"github.com/kmsramcred/kmsramcred/go/oss"
)

var must = emulator.Must

func stage(t *testing.T) (*emulator.Emulator, *kmsramcred.Secret) {
	kmsramcred.SetLogger(nil)
	made := emulator.Start(t)
	return made, made.Secret(made.Open(), map[string]any{"name": "s"})
}

func bucketOf(t *testing.T, host string, secret *kmsramcred.Secret, options ...sdk.ClientOption) *sdk.Bucket {
	t.Helper()
	client, err := oss.New("http://"+host, secret, append([]sdk.ClientOption{sdk.Region("cn-hangzhou")}, options...)...)
	must(t, err)
	bucket, err := client.Bucket("bucket")
	must(t, err)
	return bucket
}

// warm gets a key and rotates it away: the next call meets a dead key.
func warm(t *testing.T, made *emulator.Emulator, secret *kmsramcred.Secret) {
	t.Helper()
	_, err := secret.Credential(t.Context())
	must(t, err)
	made.Ask("POST", "/secrets/s/rotate", map[string]any{})
}

func eachVersion(t *testing.T, test func(t *testing.T, version sdk.ClientOption)) {
	for name, version := range map[string]sdk.AuthVersionType{"V1": sdk.AuthV1, "V4": sdk.AuthV4} {
		t.Run(name, func(t *testing.T) { test(t, sdk.AuthVersion(version)) })
	}
}

func codeOf(err error) string {
	var answered sdk.ServiceError
	if errors.As(err, &answered) {
		return answered.Code
	}
	return ""
}
