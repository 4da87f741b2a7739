module github.com/aliyun/aliyun-sdk-managed-credentials-providers-go/aliyun-sdk-managed-credentials-providers/aliyun-sdk-common-managed-credentials-provider

go 1.24

require github.com/kmsramcred/kmsramcred/go v0.0.0

replace github.com/kmsramcred/kmsramcred/go => ../..
