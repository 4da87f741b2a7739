package test

import (
	"strings"
	"testing"

	"github.com/aliyun/aliyun-oss-go-sdk/oss"
	ossprovider "github.com/aliyun/aliyun-sdk-managed-credentials-providers-go/aliyun-sdk-managed-credentials-providers/aliyun-oss-go-sdk-managed-credentials-provider/sdk"
)

// handler is one as the official plug-in documents it.
type handler struct{ code string }

func (h *handler) JudgeAKExpire(err error) bool {
	answered, is := err.(oss.ServiceError)
	return is && answered.Code == h.code
}

func TestTheProgramForOss(t *testing.T) {
	kms := begin(t, "managed_credentials_providers.properties")
	for _, construct := range []func(string, string) (*ossprovider.ProxyOssClient, error){
		ossprovider.New,
		func(endpoint, name string) (*ossprovider.ProxyOssClient, error) {
			return ossprovider.NewProxyOssClientWithHandler(endpoint, name, &handler{"InvalidAccessKeyId"})
		},
	} {
		client, err := construct("http://"+kms.Ready.OSSHost, "robot")
		must(t, err)
		var bucket *ossprovider.ProxyBucket
		bucket, err = client.Bucket("bucket")
		must(t, err)
		for range 3 {
			must(t, bucket.PutObject("key", strings.NewReader("data")))
			found, err := bucket.IsObjectExist("key")
			must(t, err)
			if !found {
				t.Fatal("not there")
			}
			rotate(kms)
		}
		client.Shutdown()
	}
	ossprovider.Destroy()
	if _, err := ossprovider.New("http://"+kms.Ready.OSSHost, ""); err == nil {
		t.Fatal("a secret without a name")
	}
}
