module github.com/aliyun/aliyun-sdk-managed-credentials-providers-go/aliyun-sdk-managed-credentials-providers/aliyun-oss-go-sdk-managed-credentials-provider

go 1.24

require (
	github.com/aliyun/aliyun-oss-go-sdk v3.0.2+incompatible
	github.com/aliyun/aliyun-sdk-managed-credentials-providers-go/aliyun-sdk-managed-credentials-providers/aliyun-sdk-common-managed-credentials-provider v0.0.6
	github.com/kmsramcred/kmsramcred/go/oss v0.0.0
)

require github.com/kr/pretty v0.2.1 // indirect

require (
	github.com/kmsramcred/kmsramcred/go v0.0.0 // indirect
	golang.org/x/time v0.4.0 // indirect
)

replace (
	github.com/aliyun/aliyun-sdk-managed-credentials-providers-go/aliyun-sdk-managed-credentials-providers/aliyun-sdk-common-managed-credentials-provider => ../common
	github.com/kmsramcred/kmsramcred/go => ../..
	github.com/kmsramcred/kmsramcred/go/oss => ../../oss
)
