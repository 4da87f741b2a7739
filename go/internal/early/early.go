// Package early is an OSS that refuses the first upload before it has read it, and a body that notices when it is read and
// rewound at once: for the tests of the adapters.
package early

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"
)

// Service refuses the first upload and keeps the others.
type Service struct {
	Host string
	// Kept has the body of the second upload.
	Kept  chan []byte
	sends atomic.Int32
}

// Start runs one until the test is over.
func Start(t testing.TB) *Service {
	made := &Service{Kept: make(chan []byte, 1)}
	server := httptest.NewServer(http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		if made.sends.Add(1) > 1 {
			body, _ := io.ReadAll(request.Body)
			made.Kept <- body
			return
		}
		connection, buffered, err := answer.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer connection.Close()
		refusal := "<Error><Code>InvalidAccessKeyId</Code></Error>"
		_, _ = fmt.Fprintf(connection, "HTTP/1.1 403 Forbidden\r\nContent-Length: %d\r\n\r\n%s", len(refusal), refusal)
		_, _ = io.Copy(io.Discard, buffered)
	}))
	t.Cleanup(server.Close)
	made.Host = server.Listener.Addr().String()
	return made
}

// Body is a slow one in its first send.
type Body struct {
	t       testing.TB
	service *Service
	*bytes.Reader
	fast, reading atomic.Bool
}

// Body makes one of this content.
func (s *Service) Body(t testing.TB, content []byte) *Body {
	return &Body{t: t, service: s, Reader: bytes.NewReader(content)}
}

// Read takes its time.
func (b *Body) Read(into []byte) (int, error) {
	if !b.fast.Load() {
		b.reading.Store(true)
		defer b.reading.Store(false)
		time.Sleep(2 * time.Millisecond)
		into = into[:min(len(into), 2048)]
	}
	return b.Reader.Read(into)
}

// WriteTo is left out: it would read everything at once.
func (b *Body) WriteTo(into io.Writer) (int64, error) { return io.Copy(into, struct{ io.Reader }{b}) }

// Seek must not be called while somebody reads.
func (b *Body) Seek(offset int64, whence int) (int64, error) {
	if b.service.sends.Load() > 0 {
		if b.reading.Load() {
			b.t.Error("rewound while its first send was reading it")
		}
		b.fast.Store(true)
	}
	return b.Reader.Seek(offset, whence)
}
