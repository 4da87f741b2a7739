package rocketmq_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	client "github.com/apache/rocketmq-clients/golang/v5"
	"github.com/apache/rocketmq-clients/golang/v5/credentials"
	v2 "github.com/apache/rocketmq-clients/golang/v5/protocol/v2"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/kmsramcred/kmsramcred/go"
	"github.com/kmsramcred/kmsramcred/go/internal/emulator"
	"github.com/kmsramcred/kmsramcred/go/rocketmq"
)

const topic = "topic"

var must = emulator.Must

func TestMain(m *testing.M) {
	client.EnableSsl = false
	kmsramcred.SetLogger(nil)
	os.Exit(m.Run())
}

var authorization = regexp.MustCompile(
	`^MQv2-HMAC-SHA1 Credential=([^/]+)//Rocketmq, SignedHeaders=x-mq-date-time, Signature=([0-9a-f]{40})$`)

// broker accepts what is signed with the key that is alive, and counts the rest.
type broker struct {
	v2.UnimplementedMessagingServiceServer
	t       *testing.T
	address *net.TCPAddr

	mu              sync.Mutex
	id, secret      string
	refused, forged int
	stored          int
	telemetry       []string
	// code is what a request is answered with whose key is alive; OK if unset.
	code *v2.Code
}

func startBroker(t *testing.T) *broker {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	made := &broker{t: t, address: listener.Addr().(*net.TCPAddr)}
	server := grpc.NewServer()
	v2.RegisterMessagingServiceServer(server, made)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return made
}

// learn asks KMS for the key that is alive from now on.
func (b *broker) learn(kms *emulator.Emulator) {
	theirs, err := kmsramcred.Open(kms.Options()...)
	must(b.t, err)
	secret, err := theirs.Secret("s")
	must(b.t, err)
	found, err := secret.Credential(b.t.Context())
	must(b.t, err)
	b.mu.Lock()
	b.id, b.secret = found.AccessKeyID(), found.AccessKeySecret()
	b.mu.Unlock()
	must(b.t, theirs.Close())
}

func (b *broker) judge(ctx context.Context) (id string, status *v2.Status) {
	sent, _ := metadata.FromIncomingContext(ctx)
	found := authorization.FindStringSubmatch(strings.Join(sent.Get("authorization"), " and "))
	date := strings.Join(sent.Get("x-mq-date-time"), " and ")
	b.mu.Lock()
	defer b.mu.Unlock()
	if found == nil {
		b.forged++
		return "", &v2.Status{Code: v2.Code_UNAUTHORIZED}
	}
	if found[1] != b.id {
		b.refused++
		return found[1], &v2.Status{Code: v2.Code_UNAUTHORIZED, Message: "no such key"}
	}
	mac := hmac.New(sha1.New, []byte(b.secret))
	mac.Write([]byte(date))
	if hex.EncodeToString(mac.Sum(nil)) != found[2] {
		b.forged++
		return found[1], &v2.Status{Code: v2.Code_UNAUTHORIZED}
	}
	if b.code != nil {
		return found[1], &v2.Status{Code: *b.code}
	}
	return found[1], &v2.Status{Code: v2.Code_OK}
}

func (b *broker) told(what func() int) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return what()
}

func (b *broker) QueryRoute(ctx context.Context, request *v2.QueryRouteRequest) (*v2.QueryRouteResponse, error) {
	_, status := b.judge(ctx)
	return &v2.QueryRouteResponse{Status: status, MessageQueues: []*v2.MessageQueue{{
		Topic:              request.Topic,
		Permission:         v2.Permission_READ_WRITE,
		AcceptMessageTypes: []v2.MessageType{v2.MessageType_NORMAL},
		Broker: &v2.Broker{Name: "broker", Endpoints: &v2.Endpoints{
			Scheme:    v2.AddressScheme_IPv4,
			Addresses: []*v2.Address{{Host: "127.0.0.1", Port: int32(b.address.Port)}},
		}},
	}}}, nil
}

func (b *broker) Heartbeat(ctx context.Context, _ *v2.HeartbeatRequest) (*v2.HeartbeatResponse, error) {
	_, status := b.judge(ctx)
	return &v2.HeartbeatResponse{Status: status}, nil
}

func (b *broker) NotifyClientTermination(ctx context.Context, _ *v2.NotifyClientTerminationRequest) (*v2.NotifyClientTerminationResponse, error) {
	_, status := b.judge(ctx)
	return &v2.NotifyClientTerminationResponse{Status: status}, nil
}

func (b *broker) SendMessage(ctx context.Context, request *v2.SendMessageRequest) (*v2.SendMessageResponse, error) {
	_, status := b.judge(ctx)
	answer := &v2.SendMessageResponse{Status: status}
	if status.Code == v2.Code_OK {
		b.mu.Lock()
		b.stored += len(request.Messages)
		b.mu.Unlock()
		for _, message := range request.Messages {
			answer.Entries = append(answer.Entries, &v2.SendResultEntry{Status: status, MessageId: message.SystemProperties.MessageId})
		}
	}
	return answer, nil
}

func (b *broker) ReceiveMessage(request *v2.ReceiveMessageRequest, stream v2.MessagingService_ReceiveMessageServer) error {
	_, status := b.judge(stream.Context())
	if err := stream.Send(&v2.ReceiveMessageResponse{Content: &v2.ReceiveMessageResponse_Status{Status: status}}); err != nil || status.Code != v2.Code_OK {
		return err
	}
	for number := range 2 {
		message := &v2.Message{
			Topic: request.MessageQueue.Topic,
			Body:  []byte{byte('0' + number)},
			SystemProperties: &v2.SystemProperties{
				MessageId:    fmt.Sprint("m", number),
				BodyEncoding: v2.Encoding_IDENTITY,
			},
		}
		if err := stream.Send(&v2.ReceiveMessageResponse{Content: &v2.ReceiveMessageResponse_Message{Message: message}}); err != nil {
			return err
		}
	}
	return nil
}

// Telemetry confirms the settings, which a client waits for.
func (b *broker) Telemetry(stream v2.MessagingService_TelemetryServer) error {
	id, _ := b.judge(stream.Context())
	b.mu.Lock()
	b.telemetry = append(b.telemetry, id)
	b.mu.Unlock()
	for {
		command, err := stream.Recv()
		if err != nil {
			return err
		}
		if publishing := command.GetSettings().GetPublishing(); publishing != nil {
			publishing.MaxBodySize = 4 << 20
		}
		if err := stream.Send(command); err != nil {
			return err
		}
	}
}

func (b *broker) config(given *credentials.SessionCredentials) *client.Config {
	return &client.Config{Endpoint: b.address.String(), ConsumerGroup: "group", Credentials: given}
}

// stage is a KMS with the secret "s", and a broker that knows its key.
func stage(t *testing.T, fields map[string]any) (*emulator.Emulator, *broker, *kmsramcred.Secret) {
	kms := emulator.Start(t)
	secret := kms.Secret(kms.Open(), fields)
	made := startBroker(t)
	made.learn(kms)
	return kms, made, secret
}

func produce(t *testing.T, b *broker, given *credentials.SessionCredentials) client.Producer {
	producer, err := client.NewProducer(b.config(given), client.WithTopics(topic))
	must(t, err)
	must(t, producer.Start())
	t.Cleanup(func() { _ = producer.GracefulStop() })
	return producer
}

func message() *client.Message { return &client.Message{Topic: topic, Body: []byte("body")} }

func TestAClientStartsAndSendsWithAKeyThatDied(t *testing.T) {
	kms, broker, secret := stage(t, map[string]any{"name": "s"})
	_, err := secret.Credential(t.Context())
	must(t, err)
	kms.Ask("POST", "/secrets/s/rotate", map[string]any{})
	broker.learn(kms)
	producer := produce(t, broker, rocketmq.Credentials(secret))
	if broker.told(func() int { return broker.refused }) == 0 {
		t.Fatal("nothing was refused")
	}
	kms.Ask("POST", "/secrets/s/rotate", map[string]any{})
	broker.learn(kms)
	receipts, err := producer.Send(t.Context(), message())
	must(t, err)
	if len(receipts) != 1 || broker.told(func() int { return broker.stored }) != 1 {
		t.Fatal(receipts)
	}
	credential, err := secret.CredentialNow()
	must(t, err)
	if !credential.Accepted() {
		t.Fatal("its success was not reported")
	}
	broker.mu.Lock()
	defer broker.mu.Unlock()
	if broker.forged != 0 || len(broker.telemetry) == 0 || strings.HasPrefix(broker.telemetry[0], "kmsramcred") {
		t.Fatal(broker.forged, broker.telemetry)
	}
}

func TestAConsumerReceivesWithAKeyThatDied(t *testing.T) {
	kms, broker, secret := stage(t, map[string]any{"name": "s"})
	consumer, err := client.NewSimpleConsumer(broker.config(rocketmq.Credentials(secret)),
		client.WithSimpleAwaitDuration(time.Second),
		client.WithSimpleSubscriptionExpressions(map[string]*client.FilterExpression{topic: client.SUB_ALL}))
	must(t, err)
	must(t, consumer.Start())
	t.Cleanup(func() { _ = consumer.GracefulStop() })
	kms.Ask("POST", "/secrets/s/rotate", map[string]any{})
	broker.learn(kms)
	found, err := consumer.Receive(t.Context(), 2, 15*time.Second)
	must(t, err)
	if len(found) != 2 || string(found[1].GetBody()) != "1" {
		t.Fatal(found)
	}
}

func TestRotationsLoseNoMessage(t *testing.T) {
	kms, broker, secret := stage(t, map[string]any{"name": "s"})
	producer := produce(t, broker, rocketmq.Credentials(secret))
	var group sync.WaitGroup
	var sent atomic.Int64
	var stop, broken atomic.Bool
	for range 16 {
		emulator.Spawn(&group, func() {
			for !stop.Load() {
				if _, err := producer.Send(context.Background(), message()); err != nil {
					t.Error(err)
					broken.Store(true)
					return
				}
				sent.Add(1)
			}
		})
	}
	for range 4 {
		kms.Ask("POST", "/secrets/s/rotate", map[string]any{})
		broker.learn(kms)
		before := sent.Load()
		emulator.Until(t, "sends with the new key", func() bool { return broken.Load() || sent.Load() > before+64 })
	}
	stop.Store(true)
	group.Wait()
	broker.mu.Lock()
	defer broker.mu.Unlock()
	if int64(broker.stored) != sent.Load() || broker.refused < 4 || broker.forged != 0 {
		t.Fatalf("%d sent, %d stored, %d refused, %d forged", sent.Load(), broker.stored, broker.refused, broker.forged)
	}
}

func TestARefusalWithoutANewerKeyReachesTheProgram(t *testing.T) {
	kms, broker, secret := stage(t, map[string]any{"name": "s"})
	producer := produce(t, broker, rocketmq.Credentials(secret))
	kms.Ask("DELETE", "/secrets/s", nil)
	broker.mu.Lock()
	broker.id = "nobody"
	broker.mu.Unlock()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	_, err := producer.Send(ctx, message())
	if status, is := client.AsErrRpcStatus(err); !is || status.GetCode() != int32(v2.Code_UNAUTHORIZED) {
		t.Fatal(err)
	}
}

func TestATokenIsRefusedInWords(t *testing.T) {
	_, broker, secret := stage(t, map[string]any{"name": "s", "security_token": "tok"})
	producer, err := client.NewProducer(broker.config(rocketmq.Credentials(secret)), client.WithTopics(topic))
	must(t, err)
	if err := producer.Start(); err == nil || !strings.Contains(err.Error(), "use a secret with a plain AccessKey") {
		t.Fatal(err)
	}
}

func TestOtherCredentialsAreLeftAlone(t *testing.T) {
	_, broker, _ := stage(t, map[string]any{"name": "s"})
	broker.mu.Lock()
	broker.id, broker.secret = "somebody", "else"
	broker.mu.Unlock()
	producer := produce(t, broker, &credentials.SessionCredentials{AccessKey: "somebody", AccessSecret: "else"})
	_, err := producer.Send(t.Context(), message())
	must(t, err)
}

func TestPlaceholdersOfForgottenCredentialsAreForgotten(t *testing.T) {
	kms := emulator.Start(t)
	secret := kms.Secret(kms.Open(), map[string]any{"name": "s"})
	name := rocketmq.Credentials(secret).AccessKey
	emulator.Until(t, "the placeholder's end", func() bool {
		runtime.GC()
		return !rocketmq.Known(name)
	})
}
