// The program around kmsramcred, which reads managed_credentials_providers.properties in its directory.
package main

import (
	"context"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk"
	"github.com/kmsramcred/kmsramcred/go"
	"github.com/kmsramcred/kmsramcred/go/acs"
	"kmsramcred.invalid/compare/program"
)

func reader(name string) (func() error, error) {
	secret, err := kmsramcred.DefaultSecret(name)
	if err != nil {
		return nil, err
	}
	return func() error {
		_, err := secret.Credential(context.Background())
		return err
	}, nil
}

func caller(name, host string) (func() error, error) {
	secret, err := kmsramcred.DefaultSecret(name)
	if err != nil {
		return nil, err
	}
	service, err := acs.NewClient(sdk.NewClientWithOptions, "cn-hangzhou", nil, secret)
	if err != nil {
		return nil, err
	}
	return func() error {
		_, err := service.ProcessCommonRequest(program.Action(host))
		return err
	}, nil
}

func main() {
	program.Main(program.Library{Reader: reader, Caller: caller})
}
