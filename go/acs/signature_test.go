package acs

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth/credentials"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
)

// captures keeps what the SDK sends, and answers it.
type captures struct{ sent *http.Request }

func (c *captures) RoundTrip(request *http.Request) (*http.Response, error) {
	c.sent = request
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("{}")), Request: request}, nil
}

func TestTheSDKsSignatureIsComputedTheSameForAnyText(t *testing.T) {
	captured := &captures{}
	config := sdk.NewConfig()
	config.Transport = captured
	provider := credentials.NewStaticSTSCredentialsProvider("id", "secret", "tok/en+=")
	client, err := sdk.NewClientWithOptions("cn-hangzhou", config, provider)
	must(t, err)
	for _, text := range []string{
		"", "plain", "a b", "a+b", "a*b", "a~b", "100%", "%2F", "a/b", "a&b=c", "é", "中文", "\n", `"quoted"`, "a;b", "😀", "Signature=x",
	} {
		for _, method := range []string{"GET", "POST", "PUT", "DELETE"} {
			for _, kind := range []string{"rpc", "form", "roa", "content", "path"} {
				request := requests.NewCommonRequest()
				request.Method, request.Domain, request.Version, request.Product = method, "127.0.0.1", "2020-01-01", "p"
				request.ApiName = "Do"
				request.QueryParams["Text"], request.QueryParams["Z."+text] = text, "1"
				switch kind {
				case "form":
					request.FormParams["Text"], request.FormParams[text+".A"] = text+"!", text
				case "roa":
					request.PathPattern = "/a/b"
					request.FormParams["Text"] = text
				case "content":
					request.PathPattern = "/"
					request.Content = []byte(text)
				case "path":
					request.PathPattern = "/a/[Text]"
					request.PathParams["Text"] = strings.NewReplacer("%", "", "\n", "").Replace(text)
				}
				must(t, discard(client.ProcessCommonRequest(request)))
				style := styleOf(captured.sent)
				if style.accessKeyID(captured.sent) != "id" || style.token(captured.sent) != "tok/en+=" {
					t.Errorf("%s %s %q: id or token", method, kind, text)
				}
				if !style.intact(captured.sent, "secret") || style.intact(captured.sent, "another") {
					t.Errorf("%s %s %q: another signature", method, kind, text)
				}
			}
		}
	}
}
