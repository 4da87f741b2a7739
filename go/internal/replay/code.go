package replay

import (
	"bytes"
	"encoding/base64"
	"io"
	"net/http"
	"regexp"
)

// longest is how much of an error answer is looked at.
const longest = 64 << 10

var inXML = regexp.MustCompile(`<Code>\s*([^<\s]+)\s*</Code>`)
var inJSON = regexp.MustCompile(`"Code"\s*:\s*"([^"\s]+)"`)

// Code is the service's error code, which HEAD has in a header; "" if there is none. The response stays as if nobody had looked.
func Code(response *http.Response) string {
	answer := peek(response)
	if len(answer) == 0 {
		answer, _ = base64.StdEncoding.DecodeString(response.Header.Get("x-oss-err"))
	}
	for _, form := range []*regexp.Regexp{inXML, inJSON} {
		if found := form.FindSubmatch(answer); found != nil {
			return string(found[1])
		}
	}
	return ""
}

func peek(response *http.Response) []byte {
	head, err := io.ReadAll(io.LimitReader(response.Body, longest))
	rest := response.Body
	if err == nil && len(head) < longest {
		// All of it: it can be read later whatever becomes of the connection.
		_ = rest.Close()
		rest = http.NoBody
	}
	response.Body = &restored{io.MultiReader(bytes.NewReader(head), rest), rest}
	return head
}

type restored struct {
	io.Reader
	io.Closer
}
