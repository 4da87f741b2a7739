// Package answer finds the error code in what a service has answered.
package answer

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
)

// Longest is how much of an error answer is looked at.
const Longest = 64 << 10

var inXML = regexp.MustCompile(`<Code>\s*([^<\s]+)\s*</Code>`)

// Code is the service's error code, which OSS puts into a header for HEAD; "" if there is none. The response stays as if nobody
// had looked.
func Code(response *http.Response) string {
	body := peek(response)
	if len(body) == 0 {
		body, _ = base64.StdEncoding.DecodeString(response.Header.Get("x-oss-err"))
	}
	return CodeIn(body)
}

// CodeIn is the error code in a body, JSON or XML; "" if there is none.
func CodeIn(body []byte) string {
	var told struct{ Code json.RawMessage }
	if json.Unmarshal(body, &told) == nil {
		var code string
		_ = json.Unmarshal(told.Code, &code)
		return code
	}
	if found := inXML.FindSubmatch(body); found != nil {
		return string(found[1])
	}
	return ""
}

func peek(response *http.Response) []byte {
	head, err := io.ReadAll(io.LimitReader(response.Body, Longest))
	rest := response.Body
	if err == nil && len(head) < Longest {
		// All of it: it can be read later whatever becomes of the connection or the time that was left.
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
