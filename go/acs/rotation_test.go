package acs

import (
	"net/http"
	"testing"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk"
	"github.com/kmsramcred/kmsramcred/go/internal/drill"
)

func TestNoCallOfManyFailsThroughRotations(t *testing.T) {
	s := newStage(t)
	client := s.sts(sdk.NewConfig().WithHttpTransport(&http.Transport{MaxIdleConnsPerHost: 256}))
	client.Domain = s.Ready.Services["default"]
	drill.Ride(t, s.Emulator, "s", func(int) error { return discard(client.GetCallerIdentity(identity())) })
}
