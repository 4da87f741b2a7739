// Package sdk has the import path of the official plug-in for the V1 SDK, and answers with kmsramcred.
package sdk

import (
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk"
	"github.com/kmsramcred/kmsramcred/go/acs"
)

// GetClient fills a product client, such as &ecs.Client{}, with the key of a secret, and gives it back.
func GetClient(client interface{}, regionId string, secretName string) (interface{}, error) {
	return acs.GetClient(client, regionId, secretName)
}

// GetClientWithOptions is GetClient with settings of the SDK.
func GetClientWithOptions(
	client interface{}, regionId string, config *sdk.Config, secretName string,
) (interface{}, error) {
	return acs.GetClientWithOptions(client, regionId, config, secretName)
}

// CloseSDKCoreClient ends the use of its secret by this client. The name of the secret is not looked at.
func CloseSDKCoreClient(client interface{}, _ string) error {
	acs.CloseClient(client)
	return nil
}

// Destroy is CloseSDKCoreClient for every client.
func Destroy() { acs.CloseClients() }
