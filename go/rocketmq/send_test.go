package rocketmq_test

import (
	"context"
	"errors"
	"io"
	"runtime"
	"testing"

	client "github.com/apache/rocketmq-clients/golang/v5"
	v2 "github.com/apache/rocketmq-clients/golang/v5/protocol/v2"

	"go.uber.org/goleak"

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

// watched is a context of a kind that the standard library watches with a goroutine, until what was made of it is cancelled.
type watched struct {
	context.Context
	done chan struct{}
}

func (w watched) Done() <-chan struct{} { return w.done }

func TestStreamsThatHaveEndedLeaveNothing(t *testing.T) {
	kms, broker, secret := stage(t, map[string]any{"name": "s"})
	connection, ctx := connect(t, broker, secret)
	_, err := connection.HeartBeat(ctx, &v2.HeartbeatRequest{})
	must(t, err)
	before := goleak.IgnoreCurrent()
	ctx = watched{ctx, make(chan struct{})}
	telemetry, err := connection.Telemetry(ctx)
	must(t, err)
	must(t, telemetry.Send(&v2.TelemetryCommand{}))
	_, err = telemetry.Recv()
	must(t, err)
	must(t, telemetry.CloseSend())
	if _, err := telemetry.Recv(); err == nil {
		t.Fatal("the stream goes on")
	}
	// One that nobody can write to, so that nobody reads it.
	_, err = connection.ReceiveMessage(ctx, &v2.ReceiveMessageRequest{Group: &v2.Resource{Name: "\xff"}})
	if err == nil {
		t.Fatal("it was written")
	}
	// One that is refused, and opened anew.
	kms.Ask("POST", "/secrets/s/rotate", map[string]any{})
	broker.learn(kms)
	received, err := connection.ReceiveMessage(ctx, &v2.ReceiveMessageRequest{MessageQueue: &v2.MessageQueue{}})
	must(t, err)
	for err == nil {
		_, err = received.Recv()
	}
	if !errors.Is(err, io.EOF) || broker.told(func() int { return broker.refused }) != 1 {
		t.Fatal(err, broker.refused)
	}
	goleak.VerifyNone(t, before)
}
