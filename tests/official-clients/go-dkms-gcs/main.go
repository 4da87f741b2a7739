// Fetches secrets from a KMS instance with alibabacloud-dkms-gcs-go-sdk.
//
// Orders and answers are lines of JSON: see ../README.md.
package main

import (
	"encoding/json"
	"errors"
	"io"
	"log"
	"os"

	"github.com/alibabacloud-go/tea/tea"
	openapi "github.com/aliyun/alibabacloud-dkms-gcs-go-sdk/openapi"
	dkms "github.com/aliyun/alibabacloud-dkms-gcs-go-sdk/sdk"
)

type order struct {
	Endpoint      string `json:"endpoint"`
	CaFile        string `json:"ca_file"`
	ClientKeyFile string `json:"client_key_file"`
	Password      string `json:"password"`
	Secret        string `json:"secret"`
}

type object map[string]any

func refused(err error) object {
	var coded *tea.SDKError
	if errors.As(err, &coded) {
		return object{"error": object{"code": tea.StringValue(coded.Code), "message": tea.StringValue(coded.Message)}}
	}
	return object{"error": object{"code": "", "message": err.Error()}}
}

func obey(given order) object {
	config := new(openapi.Config).
		SetProtocol("https").
		SetRegionId("cn-hangzhou").
		SetEndpoint(given.Endpoint).
		SetCaFilePath(given.CaFile).
		SetClientKeyFile(given.ClientKeyFile).
		SetPassword(given.Password)
	client, err := dkms.NewClient(config)
	if err != nil {
		return refused(err)
	}
	found, err := client.GetSecretValue(new(dkms.GetSecretValueRequest).SetSecretName(given.Secret))
	if err != nil {
		return refused(err)
	}
	return object{"ok": object{
		"secret":  tea.StringValue(found.SecretName),
		"value":   tea.StringValue(found.SecretData),
		"version": tea.StringValue(found.VersionId),
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
