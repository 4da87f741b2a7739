package tea_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/client"
	openapiutil "github.com/alibabacloud-go/darabonba-openapi/v2/utils"
	ecs "github.com/alibabacloud-go/ecs-20140526/v7/client"
	kms "github.com/alibabacloud-go/kms-20160120/v3/client"
	"github.com/alibabacloud-go/tea/dara"
	sdk "github.com/alibabacloud-go/tea/tea"
	"github.com/aliyun/credentials-go/credentials"

	"github.com/kmsramcred/kmsramcred/go"
	"github.com/kmsramcred/kmsramcred/go/internal/drill"
	"github.com/kmsramcred/kmsramcred/go/internal/emulator"
	"github.com/kmsramcred/kmsramcred/go/tea"
)

var must = emulator.Must

func config(host string) *openapi.Config {
	return &openapi.Config{
		RegionId: dara.String("cn-hangzhou"), Endpoint: dara.String(host), Protocol: dara.String("http"),
		// What Configure leaves out.
		AccessKeyId: dara.String("other"), AccessKeySecret: dara.String("other"),
	}
}

func stage(t *testing.T) (*emulator.Emulator, *kmsramcred.Secret) {
	kmsramcred.SetLogger(nil)
	made := emulator.Start(t)
	return made, made.Secret(made.Open(), map[string]any{"name": "s"})
}

// warm gets a key and rotates it away: the next call meets a dead key.
func warm(t *testing.T, made *emulator.Emulator, secret *kmsramcred.Secret) {
	_, err := secret.Credential(t.Context())
	must(t, err)
	made.Ask("POST", "/secrets/s/rotate", map[string]any{})
}

func ecsClient(t *testing.T, made *emulator.Emulator, secret *kmsramcred.Secret) *ecs.Client {
	client, err := ecs.NewClient(tea.Configure(config(made.Ready.Services["default"]), secret))
	must(t, err)
	return client
}

func TestAGeneratedCallMeetsADeadKey(t *testing.T) {
	made, secret := stage(t)
	client := ecsClient(t, made, secret)
	warm(t, made, secret)
	_, err := client.DescribeRegions(&ecs.DescribeRegionsRequest{})
	must(t, err)
	if found := drill.Fetches(made); found != 2 {
		t.Fatal(found)
	}
}

func TestAClientGeneratedForTheOlderCoreMeetsADeadKey(t *testing.T) {
	made, secret := stage(t)
	client, err := kms.NewClient(tea.Configure(config(made.Ready.Services["default"]), secret))
	must(t, err)
	warm(t, made, secret)
	_, err = client.ListKeys(&kms.ListKeysRequest{})
	must(t, err)
}

func TestATokenComesAndGoesWithItsKey(t *testing.T) {
	made := emulator.Start(t)
	secret := made.Secret(made.Open(), map[string]any{"name": "s", "security_token": "tok", "expire_seconds": 600})
	client := ecsClient(t, made, secret)
	_, err := client.DescribeRegions(&ecs.DescribeRegionsRequest{})
	must(t, err)
	warm(t, made, secret)
	_, err = client.DescribeRegions(&ecs.DescribeRegionsRequest{})
	must(t, err)
}

func TestOtherErrorsPassAndTheUsersOwnRetriesWork(t *testing.T) {
	_, secret := stage(t)
	var calls atomic.Int32
	service := httptest.NewServer(http.HandlerFunc(func(answer http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		answer.Header().Set("Content-Type", "application/json")
		answer.WriteHeader(503)
		_, _ = io.WriteString(answer, `{"Code":"ServiceUnavailable","Message":"m","RequestId":"R"}`)
	}))
	defer service.Close()
	given := config(strings.TrimPrefix(service.URL, "http://"))
	client, err := ecs.NewClient(tea.Configure(given, secret))
	must(t, err)
	_, err = client.DescribeRegions(&ecs.DescribeRegionsRequest{})
	var refused *sdk.SDKError
	if !errors.As(err, &refused) || *refused.Code != "ServiceUnavailable" || calls.Load() != 1 {
		t.Fatal(err, calls.Load())
	}
	given.RetryOptions = &dara.RetryOptions{Retryable: true, RetryCondition: []*dara.RetryCondition{
		{MaxAttempts: 3, ErrorCode: []string{"ServiceUnavailable"}, Backoff: &dara.FixedBackoffPolicy{}},
	}}
	calls.Store(0)
	client, err = ecs.NewClient(tea.Configure(given, secret))
	must(t, err)
	if _, err = client.DescribeRegions(&ecs.DescribeRegionsRequest{}); err == nil || calls.Load() != 3 {
		t.Fatal(err, calls.Load())
	}
	if given.RetryOptions.RetryCondition[0].ErrorCode[0] != "ServiceUnavailable" || *given.AccessKeyId != "other" {
		t.Fatal("the given configuration was changed")
	}
}

// deadService refuses every key with a code.
func deadService(t *testing.T, code string) (host string, calls *atomic.Int32) {
	calls = new(atomic.Int32)
	service := httptest.NewServer(http.HandlerFunc(func(answer http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		answer.Header().Set("Content-Type", "application/json")
		answer.WriteHeader(404)
		_, _ = io.WriteString(answer, `{"Code":"`+code+`","Message":"Specified access key is not found.","RequestId":"R-1"}`)
	}))
	t.Cleanup(service.Close)
	return strings.TrimPrefix(service.URL, "http://"), calls
}

func TestARefusalWithoutANewerKeyIsTheServicesOwn(t *testing.T) {
	made, secret := stage(t)
	host, calls := deadService(t, "InvalidAccessKeyId.NotFound")
	_, err := secret.Credential(t.Context())
	must(t, err)
	made.Ask("DELETE", "/secrets/s", nil)
	client, err := ecs.NewClient(tea.Configure(config(host), secret))
	must(t, err)
	_, err = client.DescribeRegions(&ecs.DescribeRegionsRequest{})
	var refused *sdk.SDKError
	if !errors.As(err, &refused) || *refused.Code != "InvalidAccessKeyId.NotFound" || *refused.StatusCode != 404 {
		t.Fatalf("%T %v", err, err)
	}
	if calls.Load() > 16 {
		t.Fatal(calls.Load())
	}
	t.Log(calls.Load(), "sends")
}

func TestACodeThatTheUserNamesIsADeadKey(t *testing.T) {
	made, secret := stage(t)
	var calls atomic.Int32
	service := httptest.NewServer(http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		answer.Header().Set("Content-Type", "application/json")
		if calls.Add(1) == 1 {
			answer.WriteHeader(403)
			_, _ = io.WriteString(answer, `{"Code":"Own.DeadKey","Message":"m","RequestId":"R"}`)
			return
		}
		_, _ = io.WriteString(answer, `{"RequestId":"R"}`)
	}))
	defer service.Close()
	warm(t, made, secret)
	client, err := ecs.NewClient(tea.Configure(config(strings.TrimPrefix(service.URL, "http://")), secret, "Own.DeadKey"))
	must(t, err)
	_, err = client.DescribeRegions(&ecs.DescribeRegionsRequest{})
	must(t, err)
	if calls.Load() != 2 {
		t.Fatal(calls.Load())
	}
}

func TestAStreamIsNotSentTwice(t *testing.T) {
	made, secret := stage(t)
	var bodies []string
	service := httptest.NewServer(http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		body, _ := io.ReadAll(request.Body)
		bodies = append(bodies, string(body))
		answer.Header().Set("Content-Type", "application/json")
		answer.WriteHeader(404)
		_, _ = io.WriteString(answer, `{"Code":"InvalidAccessKeyId.NotFound","Message":"m","RequestId":"R"}`)
	}))
	defer service.Close()
	warm(t, made, secret)
	client, err := openapi.NewClient(tea.Configure(config(strings.TrimPrefix(service.URL, "http://")), secret))
	must(t, err)
	params := &openapiutil.Params{
		Action: dara.String("Put"), Version: dara.String("2014-05-26"), Protocol: dara.String("HTTP"), Method: dara.String("POST"),
		AuthType: dara.String("AK"), Style: dara.String("ROA"), ReqBodyType: dara.String("binary"), BodyType: dara.String("json"),
		Pathname: dara.String("/"),
	}
	// Retries of the user's own must not send it empty either.
	client.RetryOptions.MaxAttempts = 5
	old, err := secret.CredentialNow()
	must(t, err)
	_, err = client.CallApi(params, &openapiutil.OpenApiRequest{Stream: strings.NewReader("data")}, &dara.RuntimeOptions{})
	var refused *sdk.SDKError
	if !errors.As(err, &refused) || *refused.Code != "InvalidAccessKeyId.NotFound" || len(bodies) != 1 || bodies[0] != "data" {
		t.Fatal(err, bodies)
	}
	emulator.UntilNewer(t, secret, old.Serial())
}

func TestOneCallByHand(t *testing.T) {
	made, secret := stage(t)
	given := config(made.Ready.Services["default"])
	given.AccessKeyId, given.AccessKeySecret = nil, nil
	given.Credential = tea.NewCredential(secret)
	client, err := ecs.NewClient(given)
	must(t, err)
	warm(t, made, secret)
	answer, err := tea.Do(t.Context(), secret, "Ecs", func() (*ecs.DescribeRegionsResponse, error) {
		return client.DescribeRegions(&ecs.DescribeRegionsRequest{})
	})
	must(t, err)
	if *answer.StatusCode != 200 {
		t.Fatal(answer)
	}
	current, err := secret.CredentialNow()
	must(t, err)
	if !current.Accepted() {
		t.Fatal("its success was not reported")
	}
}

func TestACredentialIsOneSnapshotAndShowsNoSecret(t *testing.T) {
	_, secret := stage(t)
	var credential credentials.Credential = tea.NewCredential(secret)
	model, err := credential.GetCredential()
	must(t, err)
	current, err := secret.Credential(t.Context())
	must(t, err)
	if *model.AccessKeyId != current.AccessKeyID() || *model.AccessKeySecret != current.AccessKeySecret() || model.SecurityToken != nil {
		t.Fatal("another key")
	}
	if *credential.GetType() != "access_key" || strings.Contains(credential.(*tea.Credential).String(), *model.AccessKeySecret) {
		t.Fatal(credential)
	}
}

func TestManyCallersRideThroughRotations(t *testing.T) {
	made, secret := stage(t)
	// A client for each caller, and none of the SDK's HTTP clients: both write fields that others read.
	given := tea.Configure(config(made.Ready.Services["default"]), secret)
	given.HttpClient = pooled{&http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 512}}}
	var clients sync.Map
	drill.Ride(t, made, "s", func(caller int) error {
		found, is := clients.Load(caller)
		if !is {
			client, err := ecs.NewClient(given)
			if err != nil {
				return err
			}
			found = client
			clients.Store(caller, client)
		}
		_, err := found.(*ecs.Client).DescribeRegions(&ecs.DescribeRegionsRequest{})
		return err
	})
}

type pooled struct{ client *http.Client }

func (p pooled) Call(request *http.Request, _ *http.Transport) (*http.Response, error) {
	return p.client.Do(request)
}

func TestAKeyThatServesAGoroutineTwiceIsTakenAsAccepted(t *testing.T) {
	made, secret := stage(t)
	client := ecsClient(t, made, secret)
	for range 2 {
		_, err := client.DescribeRegions(&ecs.DescribeRegionsRequest{})
		must(t, err)
	}
	current, err := secret.CredentialNow()
	must(t, err)
	if !current.Accepted() {
		t.Fatal("it is not")
	}
}
