package kmsramcred

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/kmsramcred/kmsramcred/go/internal/ffi"
)

// closeWait is how long Close waits for a fetch that is running. It ends the fetch's pauses and exchanges, so this is rare.
const closeWait = 5 * time.Second

// Client is a configuration in use, with all its secrets. It is safe for concurrent use; a program needs one for each
// configuration. Close stops its work; a client that nobody can reach any more ends by itself.
type Client struct {
	handle *ffi.Client

	mu      sync.Mutex
	secrets map[string]*Secret
}

// Open makes a client. Without options the settings come from the file that the documented look-up finds, completed by the
// environment; if nobody named a file and none is there, from the environment alone, if that sets credentials_type. No
// network is used. No other goroutine may change the environment meanwhile.
func Open(options ...Option) (*Client, error) {
	if err := ffi.CheckABI(); err != nil {
		return nil, err
	}
	listen()
	var chosen settings
	for _, option := range options {
		option(&chosen)
	}
	config, fault := ffi.NewConfig()
	if fault != nil {
		return nil, newError(fault)
	}
	defer config.Free()
	if err := chosen.apply(config); err != nil {
		return nil, err
	}
	handle, fault := config.NewClient()
	if fault != nil {
		return nil, newError(fault)
	}
	return &Client{handle: handle, secrets: make(map[string]*Secret)}, nil
}

// Secret opens the secret of this name. No network; the same name gives the same Secret.
func (c *Client) Secret(name string) (*Secret, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if known := c.secrets[name]; known != nil {
		return known, nil
	}
	handle, fault := c.handle.OpenSecret(name)
	if fault != nil {
		return nil, newError(fault)
	}
	made := &Secret{client: c, name: name, handle: handle, word: handle.Generation(), reporting: make(chan struct{}, blocked)}
	made.kept.Store(noCredential)
	c.secrets[name] = made
	return made, nil
}

// Stats are counters of a client since it was made.
type Stats = ffi.Stats

// Stats reads the counters; works after Close too.
func (c *Client) Stats() (Stats, error) {
	stats, fault := c.handle.Stats()
	return stats, asError(fault)
}

// Explain is JSON about everything in use, for a person or a support ticket; never a secret. Works after Close too.
func (c *Client) Explain() (json.RawMessage, error) {
	text, fault := c.handle.Explain()
	return json.RawMessage(text), asError(fault)
}

// Close stops all work and wakes everybody who waits; from now on calls that could need KMS fail with ErrClosed, and
// credentials at hand stay readable. Closing twice, and beside any other call, is allowed. ErrTimeout means: closed, but a
// fetch had not ended after 5 s; it ends by itself.
func (c *Client) Close() error {
	return asError(c.handle.Close(milliseconds(closeWait)))
}

// Shutdown is Close with a limit of the caller's for the wait: closed at once, and back when ctx ends.
func (c *Client) Shutdown(ctx context.Context) error {
	wait := closeWait
	if deadline, ok := ctx.Deadline(); ok {
		wait = max(0, time.Until(deadline))
	}
	done := make(chan error, 1)
	go func() { done <- asError(c.handle.Close(milliseconds(wait))) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ended(ctx, done)
	}
}
