package ossv2_test

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss"

	"github.com/kmsramcred/kmsramcred/go"
	"github.com/kmsramcred/kmsramcred/go/internal/emulator"
	"github.com/kmsramcred/kmsramcred/go/ossv2"
)

var must = emulator.Must

const bucket = "bucket"

func stage(t *testing.T) (*emulator.Emulator, *kmsramcred.Secret) {
	kmsramcred.SetLogger(nil)
	made := emulator.Start(t)
	return made, made.Secret(made.Open(), map[string]any{"name": "s"})
}

func config(host string, version oss.SignatureVersionType) *oss.Config {
	return oss.LoadDefaultConfig().WithRegion("cn-hangzhou").WithEndpoint("http://" + host).WithSignatureVersion(version)
}

func client(made *emulator.Emulator, secret *kmsramcred.Secret) *oss.Client {
	return oss.NewClient(config(made.Ready.OSSHost, oss.SignatureVersionV4), ossv2.Follow(secret))
}

// warm gets a key and rotates it away: the next call meets a dead key.
func warm(t *testing.T, made *emulator.Emulator, secret *kmsramcred.Secret) {
	t.Helper()
	_, err := secret.Credential(t.Context())
	must(t, err)
	made.Ask("POST", "/secrets/s/rotate", map[string]any{})
}

func eachVersion(t *testing.T, test func(t *testing.T, version oss.SignatureVersionType)) {
	for name, version := range map[string]oss.SignatureVersionType{"V1": oss.SignatureVersionV1, "V4": oss.SignatureVersionV4} {
		t.Run(name, func(t *testing.T) { test(t, version) })
	}
}

func put(ctx context.Context, client *oss.Client, key string, body io.Reader, options ...func(*oss.Options)) error {
	_, err := client.PutObject(ctx, &oss.PutObjectRequest{Bucket: oss.Ptr(bucket), Key: oss.Ptr(key), Body: body}, options...)
	return err
}

func get(t *testing.T, client *oss.Client, key string) []byte {
	t.Helper()
	answer, err := client.GetObject(t.Context(), &oss.GetObjectRequest{Bucket: oss.Ptr(bucket), Key: oss.Ptr(key)})
	must(t, err)
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	must(t, err)
	return content
}

func codeOf(err error) string {
	var answered *oss.ServiceError
	if errors.As(err, &answered) {
		return answered.Code
	}
	return ""
}
