package rocketmq

import (
	"context"

	v2 "github.com/apache/rocketmq-clients/golang/v5/protocol/v2"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/kmsramcred/kmsramcred/go"
)

const service = "rocketmq"

// attempt is one request of the client, with the key of its last send.
type attempt struct {
	secret     *kmsramcred.Secret
	call       *kmsramcred.Call
	credential *kmsramcred.Credential
}

func begin(secret *kmsramcred.Secret, target string) *attempt {
	return &attempt{secret: secret, call: secret.NewCall(service, target)}
}

// sign is ctx for the next send.
func (a *attempt) sign(ctx context.Context) (context.Context, error) {
	credential, err := current(ctx, a.secret)
	if err != nil {
		return nil, err
	}
	a.credential = credential
	return signed(ctx, credential), nil
}

// again tells how the reply took the key, and whether to sign and send again.
func (a *attempt) again(ctx context.Context, reply any) bool {
	told, is := reply.(interface{ GetStatus() *v2.Status })
	if !is {
		return false
	}
	code := told.GetStatus().GetCode()
	if code == v2.Code_UNAUTHORIZED {
		return a.call.RefusedKey(ctx, a.credential.Serial())
	}
	// Other codes may be of a proxy that has not looked at the key. A message has none.
	if code == v2.Code_OK || code == v2.Code_MULTIPLE_RESULTS || code == v2.Code_CODE_UNSPECIFIED {
		a.call.Accepted(a.credential.Serial())
	}
	return false
}

func unary(ctx context.Context, method string, request, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
	secret, err := secretOf(ctx)
	if err != nil {
		return err
	}
	if secret == nil {
		return invoke(ctx, method, request, reply, conn, options...)
	}
	attempt := begin(secret, conn.Target())
	sent, err := attempt.sign(ctx)
	if err != nil {
		return err
	}
	for {
		if err := invoke(sent, method, request, reply, conn, options...); err != nil {
			return err
		}
		if !attempt.again(ctx, reply) {
			return nil
		}
		if sent, err = attempt.sign(ctx); err != nil {
			// The reply stays the refusal, of which the client makes its own error.
			return nil
		}
		proto.Reset(reply.(proto.Message))
	}
}

func stream(ctx context.Context, desc *grpc.StreamDesc, conn *grpc.ClientConn, method string, open grpc.Streamer, options ...grpc.CallOption) (grpc.ClientStream, error) {
	secret, err := secretOf(ctx)
	if err != nil {
		return nil, err
	}
	if secret == nil {
		return open(ctx, desc, conn, method, options...)
	}
	attempt := begin(secret, conn.Target())
	sent, err := attempt.sign(ctx)
	if err != nil {
		return nil, err
	}
	if desc.ClientStreams {
		// Telemetry lives as long as its connection: signed with the key of its beginning, and never asked for again here.
		return open(sent, desc, conn, method, options...)
	}
	made := &received{
		attempt: attempt,
		context: ctx,
		open: func(ctx context.Context) (grpc.ClientStream, error) {
			return open(ctx, desc, conn, method, options...)
		},
	}
	if err := made.start(sent); err != nil {
		return nil, err
	}
	return made, nil
}

// received is the stream of replies to one request; a refusal is the first of them. As any client stream it is written to by
// one goroutine and read by one.
type received struct {
	grpc.ClientStream
	attempt *attempt
	context context.Context
	open    func(context.Context) (grpc.ClientStream, error)
	cancel  context.CancelFunc
	request any
	judged  bool
}

func (r *received) start(sent context.Context) error {
	sent, cancel := context.WithCancel(sent)
	opened, err := r.open(sent)
	if err != nil {
		cancel()
		return err
	}
	r.ClientStream, r.cancel = opened, cancel
	return nil
}

// SendMsg keeps the request: a stream of this kind has one, and ends where it cannot be written.
func (r *received) SendMsg(request any) error {
	r.request = request
	err := r.ClientStream.SendMsg(request)
	if err != nil {
		r.cancel()
	}
	return err
}

// RecvMsg reads a reply.
func (r *received) RecvMsg(reply any) error {
	for {
		if err := r.ClientStream.RecvMsg(reply); err != nil {
			r.cancel()
			return err
		}
		if r.judged || !r.attempt.again(r.context, reply) {
			r.judged = true
			return nil
		}
		sent, err := r.attempt.sign(r.context)
		if err != nil {
			// As in unary.
			r.judged = true
			return nil
		}
		proto.Reset(reply.(proto.Message))
		r.cancel()
		if err := r.start(sent); err != nil {
			return err
		}
		if err := r.SendMsg(r.request); err != nil {
			return err
		}
		if err := r.ClientStream.CloseSend(); err != nil {
			r.cancel()
			return err
		}
	}
}
