package tea_test

import (
	"errors"
	"testing"
	"time"

	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/client"
	"github.com/alibabacloud-go/tea/dara"
	"github.com/aliyun/credentials-go/credentials"

	"github.com/kmsramcred/kmsramcred/go"
	"github.com/kmsramcred/kmsramcred/go/internal/emulator"
	"github.com/kmsramcred/kmsramcred/go/tea"
)

const deadKey = "InvalidAccessKeyId.NotFound"

// judge is the credential of a client, which the SDK asks for the delay after a refusal.
func judge(secret *kmsramcred.Secret) *tea.Credential {
	return tea.Configure(config("h"), secret).Credential.(*tea.Credential)
}

// told is what the SDK's loop tells of a refusal.
func told(id string, attempts int) *dara.RetryPolicyContext {
	request := dara.NewRequest()
	request.Domain = dara.String("h")
	request.Headers["authorization"] = dara.String("ACS3-HMAC-SHA256 Credential=" + id + ",SignedHeaders=host")
	return &dara.RetryPolicyContext{
		RetriesAttempted: attempts, HttpRequest: request,
		Exception: &openapi.ClientError{Code: dara.String(deadKey), StatusCode: dara.Int(404)},
	}
}

func isRefusal(err error) bool {
	var refused dara.ResponseError
	return errors.As(err, &refused) && dara.StringValue(refused.GetCode()) == deadKey
}

func readGetters(t *testing.T, credential credentials.Credential) {
	_ = credential.GetType()
	_, err := credential.GetAccessKeyId()
	must(t, err)
	_, err = credential.GetAccessKeySecret()
	must(t, err)
	_, err = credential.GetSecurityToken()
	must(t, err)
}

func TestAsksThatNobodySendsWithAreNoSuccess(t *testing.T) {
	_, secret := stage(t)
	alone, judge := tea.NewCredential(secret), judge(secret)
	for range 2 {
		_, err := alone.GetCredential()
		must(t, err)
		readGetters(t, alone)
		readGetters(t, judge)
	}
	current, err := secret.CredentialNow()
	must(t, err)
	if current.Accepted() {
		t.Fatal("an ask was taken for a success")
	}
}

func TestGettersLeaveTheEndOfACallToIt(t *testing.T) {
	_, secret := stage(t)
	credential := judge(secret)
	// A key that was never given here: the call ends.
	credential.GetDelayTime(told("nobody", 1))
	readGetters(t, credential)
	if _, err := credential.GetCredential(); !isRefusal(err) {
		t.Fatal(err)
	}
}

// refusable is a judge that has given a key, its secret, and that key, which is dead by now.
func refusable(t *testing.T) (*tea.Credential, *kmsramcred.Secret, *kmsramcred.Credential) {
	t.Helper()
	made, secret := stage(t)
	credential := judge(secret)
	_, err := credential.GetCredential()
	must(t, err)
	dead, err := secret.CredentialNow()
	must(t, err)
	warm(t, made, secret)
	return credential, secret, dead
}

func TestACallThatGetsNoOtherKeyEndsWithItsRefusal(t *testing.T) {
	credential, secret, dead := refusable(t)
	credential.GetDelayTime(told(dead.AccessKeyID(), 1))
	must(t, secret.Client().Close())
	if _, err := credential.GetCredential(); !isRefusal(err) {
		t.Fatal(err)
	}
	// The next call was not refused.
	if _, err := credential.GetCredential(); !errors.Is(err, kmsramcred.ErrClosed) {
		t.Fatal(err)
	}
}

func TestACallByHandThatGetsNoOtherKeyEndsWithItsRefusal(t *testing.T) {
	made, secret := stage(t)
	// A refused call waits for a key that was just made, and asks for it then.
	made.Ask("POST", "/secrets/s/rotate", map[string]any{})
	closed := emulator.CloseAfterReport(t, secret)
	answer, err := tea.Do(t.Context(), secret, "Ecs", func() (string, error) {
		return "answer", told("", 1).Exception
	})
	closed()
	if answer != "answer" || !isRefusal(err) {
		t.Fatal(answer, err)
	}
}

func TestACallInheritsNoBudgetFromAnOlderOneOnItsGoroutine(t *testing.T) {
	for name, is := range map[string]struct {
		age   time.Duration
		ended bool
	}{
		"the same call": {0, true}, "a later call": {kmsramcred.CallBudget, false},
	} {
		t.Run(name, func(t *testing.T) {
			credential, _, dead := refusable(t)
			var err error
			for attempt := range 16 {
				if attempt == 15 {
					credential.Age(is.age)
				}
				credential.GetDelayTime(told(dead.AccessKeyID(), attempt+1))
				_, err = credential.GetCredential()
				if attempt < 15 {
					must(t, err)
				}
			}
			if isRefusal(err) != is.ended {
				t.Fatal(err)
			}
		})
	}
}
