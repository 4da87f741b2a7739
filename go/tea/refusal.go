package tea

import (
	"errors"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/alibabacloud-go/tea/dara"
	"github.com/alibabacloud-go/tea/tea"
)

func documented(code string) bool { return slices.Contains(deadKeys, code) }

// codeOf is what a service's error says; "" where it is none.
func codeOf(err error) (code string, status int) {
	var converted *tea.SDKError
	if errors.As(err, &converted) {
		return tea.StringValue(converted.Code), tea.IntValue(converted.StatusCode)
	}
	var answered dara.ResponseError
	if errors.As(err, &answered) {
		return dara.StringValue(answered.GetCode()), dara.IntValue(answered.GetStatusCode())
	}
	var base dara.BaseError
	if errors.As(err, &base) {
		return dara.StringValue(base.GetCode()), 0
	}
	return "", 0
}

// givenUp is a name of errors that the SDK's loop ends with: no user sees it.
const givenUp = "KmsRamCredGivenUp"

// refusal is a service's own error that nobody is to retry.
type refusal struct{ dara.ResponseError }

func (r refusal) GetName() *string { return dara.String(givenUp) }

// Unwrap is the error of the SDK.
func (r refusal) Unwrap() error { return r.ResponseError }

func giveUp(err error) error {
	var answered dara.ResponseError
	if errors.As(err, &answered) {
		return refusal{answered}
	}
	return err
}

// isStream says whether the body of a request was a reader.
func isStream(request *dara.Request) bool {
	return dara.StringValue(request.Headers["content-type"]) == "application/octet-stream"
}

// host is where a request went to.
func host(request *dara.Request) string {
	if request == nil {
		return ""
	}
	return dara.StringValue(request.Domain)
}

// service is the product, as the first label of its endpoint says.
func service(request *dara.Request) string {
	label, _, _ := strings.Cut(host(request), ".")
	return label
}

// keyOf is the AccessKey id that a request was signed with; "" if there is none.
func keyOf(request *dara.Request) string {
	if request == nil {
		return ""
	}
	for name, value := range request.Headers {
		if strings.EqualFold(name, "authorization") {
			// "ACS3-HMAC-SHA256 Credential=id,…" or, of ROA, "acs id:signature".
			if _, rest, is := strings.Cut(dara.StringValue(value), "Credential="); is {
				return rest[:max(0, strings.IndexAny(rest, ",/"))]
			}
			if rest, is := strings.CutPrefix(dara.StringValue(value), "acs "); is {
				id, _, _ := strings.Cut(rest, ":")
				return id
			}
		}
	}
	return dara.StringValue(request.Query["AccessKeyId"])
}

// goroutine is the number of the one that asks. It is asked for after a refusal, and while a key is new.
func goroutine() uint64 {
	var room [64]byte
	text := string(room[:runtime.Stack(room[:], false)])
	text, _, _ = strings.Cut(strings.TrimPrefix(text, "goroutine "), " ")
	number, _ := strconv.ParseUint(text, 10, 64)
	return number
}
