package rocketmq

import (
	"context"
	"time"

	"github.com/apache/rocketmq-clients/golang/v5/credentials"
	innerMD "github.com/apache/rocketmq-clients/golang/v5/metadata"
	"google.golang.org/grpc/metadata"
)

// Known says whether a placeholder stands for a secret.
func Known(name string) bool {
	_, is := known.Load(name)
	return is
}

// Signed is ctx as a client with these credentials signs it.
func Signed(ctx context.Context, given *credentials.SessionCredentials) context.Context {
	date := time.Now().Format(dateLayout)
	return metadata.AppendToOutgoingContext(ctx, innerMD.DateTime, date,
		innerMD.Authorization, authorize(given.AccessKey, given.AccessSecret, date))
}
