// Package auth has the import path of the official plug-in's keys.
package auth

import "time"

// NeverExpires stands in ExpireTimestamp for a key without an end.
const NeverExpires = -1

// CloudCredentials is a key.
type CloudCredentials interface {
	GetAccessKeyId() string
	GetAccessKeySecret() string
}

// SecretsManagerPluginCredentials is a key as it was when it was asked for. Do not print it: it holds the secret.
type SecretsManagerPluginCredentials struct {
	AccessKeyId       string
	AccessKeySecret   string
	ExpireTimestamp   int64 // milliseconds since 1970
	GenerateTimestamp int64 // not known; the largest number
}

// GetAccessKeyId is AccessKeyId.
func (c *SecretsManagerPluginCredentials) GetAccessKeyId() string { return c.AccessKeyId }

// GetAccessKeySecret is AccessKeySecret.
func (c *SecretsManagerPluginCredentials) GetAccessKeySecret() string { return c.AccessKeySecret }

// IsExpire says whether the key has come to its end.
func (c *SecretsManagerPluginCredentials) IsExpire() bool {
	return c.ExpireTimestamp != NeverExpires && time.Now().UnixMilli() >= c.ExpireTimestamp
}
