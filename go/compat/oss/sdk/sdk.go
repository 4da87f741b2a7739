// Package sdk has the import path of the official plug-in for OSS, and answers with kmsramcred.
package sdk

import (
	osssdk "github.com/aliyun/aliyun-oss-go-sdk/oss"
	"github.com/aliyun/aliyun-sdk-managed-credentials-providers-go/aliyun-sdk-managed-credentials-providers/aliyun-sdk-common-managed-credentials-provider/sdk/service"
	"github.com/kmsramcred/kmsramcred/go/oss"
)

// ProxyOssClient is the SDK's client with the key of a secret. It has every method of that one.
type ProxyOssClient struct{ *oss.Client }

// ProxyBucket is the SDK's bucket, with every method of that one.
type ProxyBucket struct{ *osssdk.Bucket }

// New makes a client of this secret.
func New(endpoint, secretName string) (*ProxyOssClient, error) {
	client, err := oss.NewByName(endpoint, secretName)
	if err != nil {
		return nil, err
	}
	return &ProxyOssClient{client}, nil
}

// NewProxyOssClientWithHandler is New: the library itself knows the codes of dead keys, and the handler is not asked.
func NewProxyOssClientWithHandler(endpoint, secretName string, _ service.AKExpireHandler) (*ProxyOssClient, error) {
	return New(endpoint, secretName)
}

// Bucket is a bucket of this client.
func (c *ProxyOssClient) Bucket(bucketName string) (*ProxyBucket, error) {
	bucket, err := c.Client.Bucket(bucketName)
	if err != nil {
		return nil, err
	}
	return &ProxyBucket{bucket}, nil
}

// Shutdown does nothing: a client holds nothing that has to be given back.
func (c *ProxyOssClient) Shutdown() {}

// Destroy is Shutdown for every client.
func Destroy() {}
