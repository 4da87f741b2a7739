package acs_test

import (
	"context"
	"fmt"
	"os"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/sts"
	"github.com/kmsramcred/kmsramcred/go"
	"github.com/kmsramcred/kmsramcred/go/acs"
)

// A product client whose calls survive a rotation.
func ExampleNewClient() {
	kms, err := kmsramcred.Open() // managed_credentials_providers.properties and the environment
	must(err)
	defer kms.Close()
	secret, err := kms.Secret("prod/robot")
	must(err)
	client, err := acs.NewClient(sts.NewClientWithOptions, "cn-hangzhou", nil, secret)
	must(err)
	client.Domain = os.Getenv("EXAMPLE_HOST") // for this example only

	answer, err := client.GetCallerIdentity(sts.CreateGetCallerIdentityRequest())
	must(err)
	fmt.Println(answer.IsSuccess())
	// Output: true
}

// The same with the shared client of the configuration file, as in the official plug-in.
func ExampleGetClient() {
	client, err := acs.GetClient(&sts.Client{}, "cn-hangzhou", "prod/robot")
	must(err)
	stsClient := client.(*sts.Client)
	stsClient.Domain = os.Getenv("EXAMPLE_HOST") // for this example only
	defer acs.CloseClient(client)

	answer, err := stsClient.GetCallerIdentity(sts.CreateGetCallerIdentityRequest())
	must(err)
	fmt.Println(answer.IsSuccess())
	// Output: true
}

// A client of one's own, for which the SDK signs every send.
func ExampleCall() {
	kms, err := kmsramcred.Default()
	must(err)
	secret, err := kms.Secret("prod/robot")
	must(err)
	provider := acs.NewProvider(secret)
	client, err := sts.NewClientWithOptions("cn-hangzhou", sdk.NewConfig(), provider)
	must(err)
	client.Domain = os.Getenv("EXAMPLE_HOST") // for this example only

	answer, err := acs.Call(context.Background(), provider, client.GetCallerIdentity, sts.CreateGetCallerIdentityRequest())
	must(err)
	fmt.Println(answer.IsSuccess())
	// Output: true
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
