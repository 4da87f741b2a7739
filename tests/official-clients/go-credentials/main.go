// Gets an identity with credentials-go and fetches secrets with it through the KMS client of the second generation.
//
// Orders and answers are lines of JSON: see ../README.md.
package main

import (
	"encoding/json"
	"errors"
	"io"
	"log"
	"os"

	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/client"
	kms "github.com/alibabacloud-go/kms-20160120/v3/client"
	"github.com/alibabacloud-go/tea/tea"
	"github.com/aliyun/credentials-go/credentials"
)

type identity struct {
	Type              string  `json:"type"`
	AccessKeyId       *string `json:"access_key_id"`
	AccessKeySecret   *string `json:"access_key_secret"`
	SecurityToken     *string `json:"security_token"`
	RoleArn           *string `json:"role_arn"`
	RoleSessionName   *string `json:"role_session_name"`
	OidcProviderArn   *string `json:"oidc_provider_arn"`
	OidcTokenFilePath *string `json:"oidc_token_file_path"`
	StsEndpoint       *string `json:"sts_endpoint"`
	CredentialsUri    *string `json:"credentials_uri"`
}

type order struct {
	Endpoint string    `json:"endpoint"`
	Identity *identity `json:"identity"`
	Secret   string    `json:"secret"`
}

type object map[string]any

func refused(err error) object {
	var coded *tea.SDKError
	if errors.As(err, &coded) {
		return object{"error": object{"code": tea.StringValue(coded.Code), "message": tea.StringValue(coded.Message)}}
	}
	return object{"error": object{"code": "", "message": err.Error()}}
}

// Without an identity the client looks where it looks by default.
func credential(given *identity) (credentials.Credential, error) {
	if given == nil {
		return credentials.NewCredential(nil)
	}
	return credentials.NewCredential(&credentials.Config{
		Type:              tea.String(given.Type),
		AccessKeyId:       given.AccessKeyId,
		AccessKeySecret:   given.AccessKeySecret,
		SecurityToken:     given.SecurityToken,
		RoleArn:           given.RoleArn,
		RoleSessionName:   given.RoleSessionName,
		OIDCProviderArn:   given.OidcProviderArn,
		OIDCTokenFilePath: given.OidcTokenFilePath,
		STSEndpoint:       given.StsEndpoint,
		Url:               given.CredentialsUri,
	})
}

func obey(given order) object {
	found, err := credential(given.Identity)
	if err != nil {
		return refused(err)
	}
	client, err := kms.NewClient(&openapi.Config{
		Credential: found,
		RegionId:   tea.String("cn-hangzhou"),
		Protocol:   tea.String("HTTPS"),
		Endpoint:   tea.String(given.Endpoint),
	})
	if err != nil {
		return refused(err)
	}
	value, err := client.GetSecretValue(&kms.GetSecretValueRequest{SecretName: tea.String(given.Secret)})
	if err != nil {
		return refused(err)
	}
	return object{"ok": object{
		"secret":  tea.StringValue(value.Body.SecretName),
		"value":   tea.StringValue(value.Body.SecretData),
		"version": tea.StringValue(value.Body.VersionId),
	}}
}

func main() {
	orders, answers := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	for {
		var given order
		if err := orders.Decode(&given); err == io.EOF {
			return
		} else if err != nil {
			log.Fatal(err)
		}
		if err := answers.Encode(obey(given)); err != nil {
			log.Fatal(err)
		}
	}
}
