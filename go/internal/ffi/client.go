//go:build cgo

package ffi

// #include <kmsramcred.h>
import "C"

import (
	"runtime"
	"unsafe"
)

// Config is what a client is made from, until it is made. It belongs to one goroutine.
type Config struct{ c *C.kmsramcred_config }

// NewConfig starts an empty set of settings, to be ended with Free.
func NewConfig() (Config, *Fault) {
	var config Config
	status := C.kmsramcred_config_new(&config.c)
	return config, taken(status, nil)
}

// Free ends the settings.
func (c Config) Free() { C.kmsramcred_config_free(c.c) }

// LoadEnvironment adds the environment of the process.
func (c Config) LoadEnvironment() *Fault {
	var err *C.kmsramcred_error
	return taken(C.kmsramcred_config_load_env(c.c, &err), err)
}

// LoadFile adds a file.
func (c Config) LoadFile(path string) *Fault {
	var err *C.kmsramcred_error
	at, length := present(path)
	return taken(C.kmsramcred_config_load_file(c.c, at, length, &err), err)
}

// LookUpFile adds the file that the documented look-up finds.
func (c Config) LookUpFile() *Fault {
	var err *C.kmsramcred_error
	return taken(C.kmsramcred_config_load_file(c.c, nil, 0, &err), err)
}

// Set sets one key.
func (c Config) Set(key, value string) *Fault {
	var err *C.kmsramcred_error
	k, kLen := text(key)
	v, vLen := text(value)
	return taken(C.kmsramcred_config_set(c.c, k, kLen, v, vLen, &err), err)
}

// SetAccessKey sets a fixed identity.
func (c Config) SetAccessKey(id, secret, token string) *Fault {
	var err *C.kmsramcred_error
	i, iLen := text(id)
	s, sLen := text(secret)
	t, tLen := text(token)
	return taken(C.kmsramcred_config_set_static_source(c.c, i, iLen, s, sLen, t, tLen, &err), err)
}

// Client is a handle of a client.
type Client struct{ c *C.kmsramcred_client }

// NewClient makes a client from the settings.
func (c Config) NewClient() (*Client, *Fault) {
	var client *C.kmsramcred_client
	var err *C.kmsramcred_error
	if fault := taken(C.kmsramcred_client_new(c.c, &client, &err), err); fault != nil {
		return nil, fault
	}
	made := &Client{client}
	runtime.AddCleanup(made, func(c *C.kmsramcred_client) { end(func() { C.kmsramcred_client_free(c) }) }, client)
	return made, nil
}

// Close stops all work.
func (c *Client) Close(timeoutMS uint64) *Fault {
	defer runtime.KeepAlive(c)
	return taken(C.kmsramcred_client_close(c.c, C.uint64_t(timeoutMS)), nil)
}

// Explain gives a JSON text.
func (c *Client) Explain() (string, *Fault) {
	defer runtime.KeepAlive(c)
	return grown(func(buffer *C.char, room C.size_t, length *C.size_t) C.kmsramcred_status {
		return C.kmsramcred_client_explain(c.c, buffer, room, length)
	})
}

// Stats are the counters of a client.
type Stats struct {
	SlowAcquires, RefreshesOK, RefreshesFailed, WaitersCoalesced, StaleServed, FailuresReported, KMSRequests uint64
}

// Stats reads the counters.
func (c *Client) Stats() (Stats, *Fault) {
	defer runtime.KeepAlive(c)
	var stats C.kmsramcred_stats
	stats.struct_size = C.size_t(unsafe.Sizeof(stats))
	if fault := taken(C.kmsramcred_client_stats(c.c, &stats), nil); fault != nil {
		return Stats{}, fault
	}
	return Stats{
		SlowAcquires:     uint64(stats.slow_acquires),
		RefreshesOK:      uint64(stats.refreshes_ok),
		RefreshesFailed:  uint64(stats.refreshes_failed),
		WaitersCoalesced: uint64(stats.waiters_coalesced),
		StaleServed:      uint64(stats.stale_served),
		FailuresReported: uint64(stats.failures_reported),
		KMSRequests:      uint64(stats.kms_requests),
	}, nil
}

// ending are the ends that may run at once, each on a thread of its own.
var ending = make(chan struct{}, 4)

// end frees a handle beside the goroutine of the cleanups: the last hold may wait for a thread of the library.
func end(free func()) {
	go func() {
		ending <- struct{}{}
		defer func() { <-ending }()
		free()
	}()
}
