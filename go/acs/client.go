package acs

import (
	"fmt"
	"net/http"
	"path"
	"reflect"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth"
	"github.com/kmsramcred/kmsramcred/go"
)

// A Constructor makes a product client: NewClientWithOptions of any product, or of the package sdk itself.
type Constructor[T any] func(regionID string, config *sdk.Config, credential auth.Credential) (*T, error)

// NewClient makes a product client that signs with the current key of a secret and survives its rotation:
//
//	client, err := acs.NewClient(ecs.NewClientWithOptions, "cn-hangzhou", nil, secret)
//
// Without a config it is that of sdk.NewConfig. Nothing is fetched before the first call.
func NewClient[T any](construct Constructor[T], regionID string, config *sdk.Config, secret *kmsramcred.Secret) (*T, error) {
	if config == nil {
		config = sdk.NewConfig()
	}
	provider := NewProvider(secret)
	client, err := construct(regionID, config, provider)
	if err != nil {
		return nil, err
	}
	core := coreOf(client)
	if core == nil {
		return nil, noClient(client)
	}
	adopt(client, core, config, provider)
	return client, nil
}

// GetClient fills a product client, such as &ecs.Client{}, that signs with the current key of the named secret and survives
// its rotation, and gives it back. The secret is one of [kmsramcred.Default]. Nothing is fetched before the first call.
//
// Its endpoints are those of regional products, <product>.<region>.aliyuncs.com, unless EndpointType is set; [NewClient]
// knows the endpoints of every product.
func GetClient(client any, regionID, secretName string) (any, error) {
	return GetClientWithOptions(client, regionID, nil, secretName)
}

// GetClientWithOptions is GetClient with settings of the SDK.
func GetClientWithOptions(client any, regionID string, config *sdk.Config, secretName string) (any, error) {
	core := coreOf(client)
	if core == nil {
		return nil, noClient(client)
	}
	secret, err := kmsramcred.DefaultSecret(secretName)
	if err != nil {
		return nil, err
	}
	if config == nil {
		config = sdk.NewConfig()
	}
	provider := NewProvider(secret)
	if err := core.InitWithOptions(regionID, config, provider); err != nil {
		return nil, err
	}
	if core.EndpointType == "" {
		core.EndpointType = "regional"
	}
	adopt(client, core, config, provider)
	return client, nil
}

// RefreshSecretInfo fetches the named secret of [kmsramcred.Default] now. No client needs it: they notice by themselves.
func RefreshSecretInfo(secretName string) error {
	secret, err := kmsramcred.DefaultSecret(secretName)
	if err != nil {
		return err
	}
	return secret.Refresh(noContext)
}

// SetConfigName is [kmsramcred.SetConfigFile].
func SetConfigName(path string) { kmsramcred.SetConfigFile(path) }

func adopt(client any, core *sdk.Client, config *sdk.Config, provider *Provider) {
	given := config.Transport
	if given == nil && config.HttpTransport != nil {
		given = config.HttpTransport
	}
	installed, idle := install(given, func(next http.RoundTripper) http.RoundTripper {
		return &transport{provider, productOf(client), next}
	})
	core.SetTransport(installed)
	enter(core, &use{provider, idle})
}

// coreOf is the sdk.Client in a product client; nil if there is none.
func coreOf(client any) *sdk.Client {
	if core, ok := client.(*sdk.Client); ok {
		return core
	}
	value := reflect.ValueOf(client)
	if value.Kind() != reflect.Pointer || value.Elem().Kind() != reflect.Struct {
		return nil
	}
	inner := value.Elem().FieldByName("Client")
	if !inner.IsValid() || !inner.CanInterface() {
		return nil
	}
	if inner.Kind() != reflect.Pointer {
		inner = inner.Addr()
	}
	return coreOf(inner.Interface())
}

func noClient(client any) error {
	return fmt.Errorf("acs: %T is no client of alibaba-cloud-sdk-go; give a pointer to one, such as &ecs.Client{}", client)
}

// productOf is the name of the product's package.
func productOf(client any) string {
	if _, general := client.(*sdk.Client); general {
		return ""
	}
	return path.Base(reflect.TypeOf(client).Elem().PkgPath())
}
