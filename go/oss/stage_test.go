package oss_test

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc64"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	sdk "github.com/aliyun/aliyun-oss-go-sdk/oss"

	"github.com/kmsramcred/kmsramcred/go"
	"github.com/kmsramcred/kmsramcred/go/internal/emulator"
	"github.com/kmsramcred/kmsramcred/go/oss"
)

var must = emulator.Must

func stage(t *testing.T) (*emulator.Emulator, *kmsramcred.Secret) {
	kmsramcred.SetLogger(nil)
	made := emulator.Start(t)
	return made, made.Secret(made.Open(), map[string]any{"name": "s"})
}

func bucketOf(t *testing.T, host string, secret *kmsramcred.Secret, options ...sdk.ClientOption) *sdk.Bucket {
	t.Helper()
	client, err := oss.New("http://"+host, secret, append([]sdk.ClientOption{sdk.Region("cn-hangzhou")}, options...)...)
	must(t, err)
	bucket, err := client.Bucket("bucket")
	must(t, err)
	return bucket
}

// warm gets a key and rotates it away: the next call meets a dead key.
func warm(t *testing.T, made *emulator.Emulator, secret *kmsramcred.Secret) {
	t.Helper()
	_, err := secret.Credential(t.Context())
	must(t, err)
	made.Ask("POST", "/secrets/s/rotate", map[string]any{})
}

func eachVersion(t *testing.T, test func(t *testing.T, version sdk.ClientOption)) {
	for name, version := range map[string]sdk.AuthVersionType{"V1": sdk.AuthV1, "V4": sdk.AuthV4} {
		t.Run(name, func(t *testing.T) { test(t, sdk.AuthVersion(version)) })
	}
}

// content is of a size that no buffer on its way swallows whole.
func content() []byte {
	made := make([]byte, 6<<20+17)
	_, _ = rand.NewChaCha8([32]byte{}).Read(made)
	return made
}

func file(t *testing.T, content []byte) string {
	path := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(path, content, 0o600))
	return path
}

// stored fails the test unless the object is there, whole.
func stored(t *testing.T, made *emulator.Emulator, key string, content []byte) {
	t.Helper()
	found := object(made, key)
	sum := fmt.Sprint(crc64.Checksum(content, crc64.MakeTable(crc64.ECMA)))
	if found == nil || found["size"] != float64(len(content)) || found["crc64"] != sum {
		t.Fatalf("%s: %v, not %d bytes with %s", key, found, len(content), sum)
	}
}

func object(made *emulator.Emulator, key string) map[string]any {
	for _, found := range made.Ask("GET", "/objects", nil)["objects"].([]any) {
		if object := found.(map[string]any); object["key"] == key {
			return object
		}
	}
	return nil
}

func codeOf(err error) string {
	var answered sdk.ServiceError
	if errors.As(err, &answered) {
		return answered.Code
	}
	return ""
}

// pipe is a reader and nothing else.
func pipe(content []byte) io.Reader { return struct{ io.Reader }{bytes.NewReader(content)} }
