package ossv2_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss"

	"github.com/kmsramcred/kmsramcred/go/ossv2"
)

func ExampleFollowByName() {
	follow, err := ossv2.FollowByName("prod/robot")
	if err != nil {
		fmt.Println(err)
		return
	}
	client := oss.NewClient(oss.LoadDefaultConfig().WithRegion("cn-hangzhou"), follow)
	_, err = client.PutObject(context.Background(), &oss.PutObjectRequest{
		Bucket: oss.Ptr("examplebucket"), Key: oss.Ptr("key"), Body: strings.NewReader("data"),
	})
	if err != nil {
		fmt.Println(err)
	}
}
