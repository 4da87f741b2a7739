package oss_test

import (
	"fmt"
	"strings"

	sdk "github.com/aliyun/aliyun-oss-go-sdk/oss"

	"github.com/kmsramcred/kmsramcred/go/oss"
)

func ExampleNewByName() {
	client, err := oss.NewByName("https://oss-cn-hangzhou.aliyuncs.com", "prod/robot",
		sdk.Region("cn-hangzhou"), sdk.AuthVersion(sdk.AuthV4))
	if err != nil {
		fmt.Println(err)
		return
	}
	bucket, err := client.Bucket("examplebucket")
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := bucket.PutObject("key", strings.NewReader("data")); err != nil {
		fmt.Println(err)
	}
}
