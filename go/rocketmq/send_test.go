package rocketmq_test

import (
	"context"
	"errors"
	"io"
	"runtime"
	"testing"

	client "github.com/apache/rocketmq-clients/golang/v5"
	v2 "github.com/apache/rocketmq-clients/golang/v5/protocol/v2"

	"github.com/kmsramcred/kmsramcred/go"
	"github.com/kmsramcred/kmsramcred/go/internal/emulator"
	"github.com/kmsramcred/kmsramcred/go/rocketmq"
)

// connect is a connection of the client's, without the rest of it, and a context signed as the client does.
func connect(t *testing.T, b *broker, secret *kmsramcred.Secret) (client.RpcClient, context.Context) {
	made, err := client.NewRpcClient(b.address.String())
	must(t, err)
	t.Cleanup(func() { _ = made.GracefulStop() })
	given := rocketmq.Credentials(secret)
	t.Cleanup(func() { runtime.KeepAlive(given) })
	return made, rocketmq.Signed(t.Context(), given)
}

// spreading is a stage whose broker refuses the key, which was made just now: a refused request waits a little.
func spreading(t *testing.T) (*broker, *kmsramcred.Secret) {
	kms, broker, secret := stage(t, map[string]any{"name": "s"})
	kms.Ask("POST", "/secrets/s/rotate", map[string]any{})
	return broker, secret
}

func TestARequestThatGetsNoOtherKeyEndsWithItsRefusal(t *testing.T) {
	broker, secret := spreading(t)
	connection, ctx := connect(t, broker, secret)
	closed := emulator.CloseAfterReport(t, secret)
	reply, err := connection.SendMessage(ctx, &v2.SendMessageRequest{})
	closed()
	must(t, err)
	if reply.Status.Code != v2.Code_UNAUTHORIZED || reply.Status.Message != "no such key" {
		t.Fatal(reply)
	}
}

func TestAStreamThatGetsNoOtherKeyEndsWithItsRefusal(t *testing.T) {
	broker, secret := spreading(t)
	connection, ctx := connect(t, broker, secret)
	closed := emulator.CloseAfterReport(t, secret)
	stream, err := connection.ReceiveMessage(ctx, &v2.ReceiveMessageRequest{})
	must(t, err)
	reply, err := stream.Recv()
	closed()
	must(t, err)
	if status := reply.GetStatus(); status.GetCode() != v2.Code_UNAUTHORIZED || status.Message != "no such key" {
		t.Fatal(reply)
	}
	if _, err := stream.Recv(); !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
}

func TestOnlyAnAnswerToTheRequestIsASuccessOfTheKey(t *testing.T) {
	for code, accepted := range map[v2.Code]bool{
		v2.Code_OK: true, v2.Code_MULTIPLE_RESULTS: true, v2.Code_CODE_UNSPECIFIED: true,
		v2.Code_BAD_REQUEST: false, v2.Code_FORBIDDEN: false, v2.Code_TOO_MANY_REQUESTS: false, v2.Code_PROXY_TIMEOUT: false,
	} {
		t.Run(code.String(), func(t *testing.T) {
			_, broker, secret := stage(t, map[string]any{"name": "s"})
			connection, ctx := connect(t, broker, secret)
			broker.mu.Lock()
			broker.code = &code
			broker.mu.Unlock()
			reply, err := connection.SendMessage(ctx, &v2.SendMessageRequest{})
			must(t, err)
			credential, err := secret.CredentialNow()
			must(t, err)
			if reply.Status.Code != code || credential.Accepted() != accepted {
				t.Fatal(reply.Status.Code, credential.Accepted())
			}
		})
	}
}
