package replay

import (
	"context"
	"io"
	"net/http"
	"sync"
	"time"
)

// guard is a body for one send. A transport may read on after it has given the answer, until it closes the body: only then may
// the body be rewound. And it closes bodies that are to be sent again, files too.
type guard struct {
	io.Reader
	mu       sync.Mutex
	inner    io.Closer
	closed   chan struct{}
	isClosed bool
	released bool
}

func guarded(request *http.Request) (*http.Request, *guard) {
	if request.Body == nil || request.Body == http.NoBody {
		return request, nil
	}
	made := &guard{Reader: request.Body, inner: request.Body, closed: make(chan struct{})}
	sent := request.WithContext(request.Context())
	sent.Body = made
	return sent, made
}

// Close tells that this send needs the body no more.
func (g *guard) Close() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.isClosed {
		return nil
	}
	g.isClosed = true
	close(g.closed)
	if g.released {
		return g.inner.Close()
	}
	return nil
}

// release lets the body be closed: there is no other send.
func (g *guard) release() {
	if g == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.isClosed && !g.released {
		_ = g.inner.Close()
	}
	g.released = true
}

// left waits until the transport has left the body.
func (g *guard) left(ctx context.Context) bool {
	if g == nil {
		return true
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-g.closed:
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	return false
}
