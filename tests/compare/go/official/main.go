// The program around aliyun-secretsmanager-client-go, which reads secretsmanager.properties in its directory.
//
// The client knows secrets, not the V1 SDK: signing with its answer, and what a refused key asks for, is the program's. As
// "official" it does what the documentation of the official plug-in promises: it refreshes the key and sends the call once more.
// As "alone" it leaves the client to its own schedule.
package main

import (
	"encoding/json"
	"log"
	"os"
	"slices"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth/credentials"
	secretsmanager "github.com/aliyun/aliyun-secretsmanager-client-go/sdk"
	"github.com/aliyun/aliyun-secretsmanager-client-go/sdk/logger"
	"kmsramcred.invalid/compare/program"
)

// dead are the codes of a key that is no more.
var dead = []string{"InvalidAccessKeyId.NotFound", "InvalidAccessKeyId"}

// open makes the client. By default it logs to standard output, among the answers.
func open() (*secretsmanager.SecretManagerCacheClient, error) {
	return (&secretsmanager.SecretCacheClientBuilder{}).
		WithLogger(logger.NewDefaultLogger(log.New(os.Stderr, "", log.LstdFlags))).Build()
}

// provider gives the SDK what the client has at every signature.
type provider struct {
	client *secretsmanager.SecretManagerCacheClient
	secret string
}

func (p provider) GetProviderName() string { return "secretsmanager" }

func (p provider) GetCredentials() (*credentials.Credentials, error) {
	found, err := p.client.GetSecretInfo(p.secret)
	if err != nil {
		return nil, err
	}
	key := new(credentials.Credentials)
	return key, json.Unmarshal([]byte(found.SecretValue), key)
}

// reader leaves the text that it gets as it is: taking it apart would be the program's.
func reader(secret string) (func() error, error) {
	client, err := open()
	if err != nil {
		return nil, err
	}
	return func() error {
		_, err := client.GetSecretInfo(secret)
		return err
	}, nil
}

func caller(refreshes bool) func(secret, host string) (func() error, error) {
	return func(secret, host string) (func() error, error) {
		client, err := open()
		if err != nil {
			return nil, err
		}
		service, err := sdk.NewClientWithOptions("cn-hangzhou", sdk.NewConfig(), provider{client, secret})
		if err != nil {
			return nil, err
		}
		send := func() error {
			_, err := service.ProcessCommonRequest(program.Action(host))
			return err
		}
		return func() error {
			refusal := send()
			if code, refused := program.Refused(refusal); !refreshes || !refused || !slices.Contains(dead, code) {
				return refusal
			}
			if _, err := client.RefreshNow(secret); err != nil {
				return refusal
			}
			return send()
		}, nil
	}
}

func main() {
	program.Main(program.Library{Reader: reader, Caller: caller(os.Args[1] == "official")})
}
