// Package test holds programs as the official plug-in documents them, with its import paths. Only configuration and endpoint
// are those of the emulator.
package test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/ecs"
	sdkcoreprovider "github.com/aliyun/aliyun-sdk-managed-credentials-providers-go/aliyun-sdk-managed-credentials-providers/alibaba-cloud-sdk-go-managed-credentials-provider/sdk"
	commonsdk "github.com/aliyun/aliyun-sdk-managed-credentials-providers-go/aliyun-sdk-managed-credentials-providers/aliyun-sdk-common-managed-credentials-provider/sdk"
	"github.com/aliyun/aliyun-sdk-managed-credentials-providers-go/aliyun-sdk-managed-credentials-providers/aliyun-sdk-common-managed-credentials-provider/sdk/auth"
	"github.com/aliyun/aliyun-sdk-managed-credentials-providers-go/aliyun-sdk-managed-credentials-providers/aliyun-sdk-common-managed-credentials-provider/sdk/service"
	"github.com/aliyun/aliyun-sdk-managed-credentials-providers-go/aliyun-sdk-managed-credentials-providers/aliyun-sdk-common-managed-credentials-provider/sdk/utils"
	"github.com/kmsramcred/kmsramcred/go/internal/emulator"
)

var must = emulator.Must

// begin makes an emulator with a secret, and a working directory with a configuration of that name.
func begin(t *testing.T, file string) *emulator.Emulator {
	t.Helper()
	kms := emulator.Start(t)
	kms.Ask("POST", "/secrets", map[string]any{"name": "robot"})
	text, err := os.ReadFile(kms.File())
	must(t, err)
	t.Chdir(t.TempDir())
	must(t, os.WriteFile(file, text, 0o600))
	t.Cleanup(func() { must(t, commonsdk.Shutdown()) })
	return kms
}

func rotate(kms *emulator.Emulator) { kms.Ask("POST", "/secrets/robot/rotate", map[string]any{}) }

func TestTheProgramForEcs(t *testing.T) {
	kms := begin(t, "managed_credentials_providers.properties")
	client, err := sdkcoreprovider.GetClient(&ecs.Client{}, "cn-hangzhou", "robot")
	must(t, err)
	ecsClient := client.(*ecs.Client)
	ecsClient.Domain = kms.Ready.Services["default"]
	for range 3 {
		request := ecs.CreateDescribeInstancesRequest()
		response, err := ecsClient.DescribeInstances(request)
		must(t, err)
		if response.Instances.Instance == nil {
			t.Fatal(response)
		}
		rotate(kms)
	}
	must(t, sdkcoreprovider.CloseSDKCoreClient(client, "robot"))
	if _, err := ecsClient.DescribeInstances(ecs.CreateDescribeInstancesRequest()); err == nil {
		t.Fatal("a closed client goes on")
	}
}

func TestTheProgramWithOptionsAndANamedFile(t *testing.T) {
	kms := begin(t, "custom-config")
	utils.SetConfigName("custom-config")
	t.Cleanup(func() { utils.SetConfigName("") })
	if utils.GetConfigName() != "custom-config" {
		t.Fatal(utils.GetConfigName())
	}
	client, err := sdkcoreprovider.GetClientWithOptions(&ecs.Client{}, "cn-hangzhou", sdk.NewConfig(), "robot")
	must(t, err)
	ecsClient := client.(*ecs.Client)
	ecsClient.Domain = kms.Ready.Services["default"]
	_, err = ecsClient.DescribeRegions(ecs.CreateDescribeRegionsRequest())
	must(t, err)
	sdkcoreprovider.Destroy()
	if _, err := ecsClient.DescribeRegions(ecs.CreateDescribeRegionsRequest()); err == nil {
		t.Fatal("a destroyed client goes on")
	}
	must(t, commonsdk.Shutdown())
	utils.SetConfigName(filepath.Join(t.TempDir(), "missing"))
	if commonsdk.Init() == nil {
		t.Fatal("a missing file is no error")
	}
	utils.SetConfigName("custom-config")
}

func TestTheCommonPart(t *testing.T) {
	kms := begin(t, "managed_credentials_providers.properties")
	must(t, commonsdk.Init())
	first, err := commonsdk.GetAccessKey("robot")
	must(t, err)
	var key auth.CloudCredentials = first
	if first.IsExpire() || key.GetAccessKeySecret() == "" || key.GetAccessKeyId() != first.AccessKeyId {
		t.Fatal("not a key")
	}
	rotate(kms)
	must(t, commonsdk.RefreshSecretInfo("robot"))
	id, err := commonsdk.GetAccessKeyId("robot")
	must(t, err)
	secret, err := commonsdk.GetAccessKeySecret("robot")
	must(t, err)
	if id == first.AccessKeyId || secret == first.AccessKeySecret {
		t.Fatal("the old key after a refresh")
	}
	if name, err := commonsdk.GetSecretName("robot"); err != nil || name != "robot" {
		t.Fatal(name, err)
	}
	if _, err := commonsdk.GetAccessKey("missing"); err == nil {
		t.Fatal("a secret that is not there")
	}
	if !(&auth.SecretsManagerPluginCredentials{ExpireTimestamp: 1}).IsExpire() {
		t.Fatal("a key of 1970 is good")
	}
	var _ service.AKExpireHandler
}
