package acs

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
)

// longest is how much of an error answer is looked at.
const longest = 64 << 10

var xmlCode = regexp.MustCompile(`<Code>\s*([^<\s]+)\s*</Code>`)

// codeOf is the error code in an answer, in JSON or XML; "" if there is none.
func codeOf(answer []byte) string {
	var told struct{ Code json.RawMessage }
	if json.Unmarshal(answer, &told) == nil {
		var code string
		_ = json.Unmarshal(told.Code, &code)
		return code
	}
	if found := xmlCode.FindSubmatch(answer); found != nil {
		return string(found[1])
	}
	return ""
}

// peek reads the beginning of the body and leaves the response as if nobody had.
func peek(response *http.Response) []byte {
	head, err := io.ReadAll(io.LimitReader(response.Body, longest))
	rest := response.Body
	if err == nil && len(head) < longest {
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
