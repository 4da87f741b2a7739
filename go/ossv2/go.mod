module github.com/kmsramcred/kmsramcred/go/ossv2

go 1.24

require (
	github.com/aliyun/alibabacloud-oss-go-sdk-v2 v1.6.1
	github.com/kmsramcred/kmsramcred/go v0.0.0
)

require golang.org/x/time v0.4.0 // indirect

replace github.com/kmsramcred/kmsramcred/go => ..
