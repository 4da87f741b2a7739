// Package sdk has the import path of the official plug-in's common part, and answers with kmsramcred.
package sdk

import (
	"context"
	"math"

	"github.com/aliyun/aliyun-sdk-managed-credentials-providers-go/aliyun-sdk-managed-credentials-providers/aliyun-sdk-common-managed-credentials-provider/sdk/auth"
	"github.com/kmsramcred/kmsramcred/go"
)

// Init reads the configuration. Every other call does that by itself where it was not done.
func Init() error {
	_, err := kmsramcred.Default()
	return err
}

// GetAccessKey gives the current key of a secret as one whole.
func GetAccessKey(secretName string) (*auth.SecretsManagerPluginCredentials, error) {
	secret, err := kmsramcred.DefaultSecret(secretName)
	if err != nil {
		return nil, err
	}
	key, err := secret.Credential(context.Background())
	if err != nil {
		return nil, err
	}
	expires := int64(auth.NeverExpires)
	if end, ends := key.NotAfter(); ends {
		expires = end.UnixMilli()
	}
	return &auth.SecretsManagerPluginCredentials{
		AccessKeyId:       key.AccessKeyID(),
		AccessKeySecret:   key.AccessKeySecret(),
		ExpireTimestamp:   expires,
		GenerateTimestamp: math.MaxInt64,
	}, nil
}

// GetAccessKeyId gives the id of the current key. A second call may meet another key: take GetAccessKey for both.
func GetAccessKeyId(secretName string) (string, error) {
	key, err := GetAccessKey(secretName)
	if err != nil {
		return "", err
	}
	return key.AccessKeyId, nil
}

// GetAccessKeySecret gives the secret of the current key; see GetAccessKeyId.
func GetAccessKeySecret(secretName string) (string, error) {
	key, err := GetAccessKey(secretName)
	if err != nil {
		return "", err
	}
	return key.AccessKeySecret, nil
}

// RefreshSecretInfo fetches the secret now.
func RefreshSecretInfo(secretName string) error {
	secret, err := kmsramcred.DefaultSecret(secretName)
	if err != nil {
		return err
	}
	return secret.Refresh(context.Background())
}

// GetSecretName gives the name back: secrets are known by the name that they are asked for with.
func GetSecretName(userSecretName string) (string, error) { return userSecretName, nil }

// Shutdown ends the shared client, for everybody who uses it. The next call makes a new one.
func Shutdown() error { return kmsramcred.CloseDefault() }
