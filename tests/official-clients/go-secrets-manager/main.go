// Fetches secrets with aliyun-secretsmanager-client-go, which reads secretsmanager.properties in its directory.
//
// Orders and answers are lines of JSON: see ../README.md.
package main

import (
	"encoding/json"
	"errors"
	"io"
	"log"
	"os"

	secretsmanager "github.com/aliyun/aliyun-secretsmanager-client-go/sdk"
	"github.com/aliyun/aliyun-secretsmanager-client-go/sdk/logger"
)

type order struct {
	Do     string `json:"do"`
	Secret string `json:"secret"`
}

type object map[string]any

func refused(err error) object {
	code := ""
	var coded interface{ ErrorCode() string }
	if errors.As(err, &coded) {
		code = coded.ErrorCode()
	}
	return object{"error": object{"code": code, "message": err.Error()}}
}

func obey(client *secretsmanager.SecretManagerCacheClient, given order) object {
	if given.Do == "refresh" {
		refreshed, err := client.RefreshNow(given.Secret)
		if err != nil {
			return refused(err)
		}
		return object{"ok": refreshed}
	}
	found, err := client.GetSecretInfo(given.Secret)
	if err != nil {
		return refused(err)
	}
	return object{"ok": object{"secret": found.SecretName, "value": found.SecretValue, "version": found.VersionId}}
}

func main() {
	builder := &secretsmanager.SecretCacheClientBuilder{}
	// By default it logs to standard output, among the answers.
	builder.WithLogger(logger.NewDefaultLogger(log.New(os.Stderr, "", log.LstdFlags)))
	client, err := builder.Build()
	if err != nil {
		log.Fatal(err)
	}
	orders, answers := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	for {
		var given order
		if err := orders.Decode(&given); err == io.EOF {
			return
		} else if err != nil {
			log.Fatal(err)
		}
		if err := answers.Encode(obey(client, given)); err != nil {
			log.Fatal(err)
		}
	}
}
