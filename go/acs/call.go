package acs

import (
	"context"
	"errors"
	"strings"

	sdkerrors "github.com/aliyun/alibaba-cloud-sdk-go/sdk/errors"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	"github.com/kmsramcred/kmsramcred/go"
	"github.com/kmsramcred/kmsramcred/go/internal/answer"
)

var noContext = context.Background()

// Call sends by a method of a product client, and again where the key was refused; the SDK signs every time. The client is
// one of your own, made with the [Provider]:
//
//	provider := acs.NewProvider(secret)
//	client, err := ecs.NewClientWithOptions("cn-hangzhou", sdk.NewConfig(), provider)
//	answer, err := acs.Call(ctx, provider, client.DescribeInstances, ecs.CreateDescribeInstancesRequest())
//
// ctx bounds the waits between sends, not the sends; these have the SDK's time-outs. A refused look-up of an endpoint is not
// repeated.
func Call[Q requests.AcsRequest, R any](
	ctx context.Context, provider *Provider, send func(Q) (R, error), request Q,
) (R, error) {
	var call *kmsramcred.Call
	for {
		prepare(provider, request)
		result, err := send(request)
		key := provider.issued(signedWith(request))
		if key == nil {
			return result, err
		}
		if call == nil {
			call = provider.secret.NewCall(request.GetProduct(), request.GetDomain())
		}
		if err == nil {
			call.Accepted(key.Serial())
			return result, nil
		}
		var refusal *sdkerrors.ServerError
		if !errors.As(err, &refusal) {
			return result, err
		}
		code := refusal.ErrorCode()
		if code == "" {
			// The SDK reads JSON only; of anything else this is the whole answer.
			code = answer.CodeIn([]byte(refusal.Message()))
		}
		if code == "" || !call.Refused(ctx, key.Serial(), code, refusal.HttpStatus()) {
			return result, err
		}
	}
}

// prepare takes out what an earlier send of the same request object has left in it.
func prepare(provider *Provider, request requests.AcsRequest) {
	query, headers := request.GetQueryParams(), request.GetHeaders()
	delete(query, "AccessKeyId")
	delete(headers, "Authorization")
	if provider.gave(query["SecurityToken"]) {
		delete(query, "SecurityToken")
	}
	if provider.gave(headers[roaToken]) {
		delete(headers, roaToken)
	}
}

// signedWith is the id of the key that the last send was signed with.
func signedWith(request requests.AcsRequest) string {
	if authorization := request.GetHeaders()["Authorization"]; authorization != "" {
		id, _, _ := strings.Cut(strings.TrimPrefix(authorization, roaPrefix), ":")
		return id
	}
	return request.GetQueryParams()["AccessKeyId"]
}
