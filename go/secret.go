package kmsramcred

import (
	"context"
	"encoding/json"
	"sync/atomic"
	"time"

	"github.com/kmsramcred/kmsramcred/go/internal/ffi"
)

// Secret is one named RAM secret of a client. It is safe for concurrent use.
type Secret struct {
	client *Client
	name   string
	handle *ffi.Secret
	// In the library's memory, which stays readable as long as the process lives.
	word *uint64
	kept atomic.Pointer[Credential] // noCredential at first

	acquiring  waits[*Credential]
	refreshing waits[struct{}]
	reporting  chan struct{} // one for each ReportFailure that is inside C
}

// Name is the name that it was opened with.
func (s *Secret) Name() string { return s.name }

// Client is the client that it belongs to.
func (s *Secret) Client() *Client { return s.client }

// Credential gives the current credential: at once and without looking at ctx when it is at hand, else by a fetch that all
// callers share. Ask for it at every use. A context without a deadline waits for 10 s at most.
func (s *Secret) Credential(ctx context.Context) (*Credential, error) {
	// All of a warm read, but for keys that end.
	if kept := s.kept.Load(); atomic.LoadUint64(s.word) == kept.serves {
		return kept, nil
	}
	return s.obtain(ctx)
}

func (s *Secret) obtain(ctx context.Context) (*Credential, error) {
	if kept := s.atHand(); kept != nil {
		return kept, nil
	}
	// Whatever can be had without waiting needs no other goroutine.
	if credential, fault := s.acquire(0); fault == nil {
		return credential, nil
	} else if Status(fault.Status) != ErrNotReady {
		return nil, newError(fault)
	}
	return s.acquiring.do(ctx, func(timeoutMS uint64) (*Credential, error) {
		credential, fault := s.acquire(timeoutMS)
		return credential, asError(fault)
	})
}

// CredentialNow is Credential without a wait: when there is nothing at hand it starts a fetch and fails with ErrNotReady.
func (s *Secret) CredentialNow() (*Credential, error) {
	if kept := s.atHand(); kept != nil {
		return kept, nil
	}
	credential, fault := s.acquire(0)
	return credential, asError(fault)
}

// atHand is the credential that is kept, if it is still the current one: one load and one compare, and a look at the clock
// for a key that ends.
func (s *Secret) atHand() *Credential {
	kept := s.kept.Load()
	if atomic.LoadUint64(s.word) != kept.generation {
		return nil
	}
	if end := kept.notAfterMS; end != 0 && time.Now().UnixMilli() >= end {
		return nil
	}
	return kept
}

func (s *Secret) acquire(timeoutMS uint64) (*Credential, *ffi.Fault) {
	found, fault := s.handle.Acquire(timeoutMS)
	if fault != nil {
		return nil, fault
	}
	fresh := newCredential(found)
	// Generations only grow; one that was overtaken on its way here displaces nothing.
	for {
		kept := s.kept.Load()
		if kept.generation > found.Generation || s.kept.CompareAndSwap(kept, fresh) {
			return fresh, nil
		}
	}
}

// Refresh fetches now, because the user says so: it joins a running fetch and ignores cool-downs, at most once a second. A
// credential at hand survives its failure.
func (s *Secret) Refresh(ctx context.Context) error {
	_, err := s.refreshing.do(ctx, func(timeoutMS uint64) (struct{}, error) {
		return struct{}{}, asError(s.handle.Refresh(timeoutMS))
	})
	return err
}

// Explain is JSON about this secret: what is in use, its age, the next refresh and why; never a secret. Works after Close
// too.
func (s *Secret) Explain() (json.RawMessage, error) {
	text, fault := s.handle.Explain()
	return json.RawMessage(text), asError(fault)
}

// ReportSuccess tells that a service accepted a call made with this serial. It may be called after every call: from the
// second time on it costs a load.
func (s *Secret) ReportSuccess(serial uint64) {
	kept := s.kept.Load()
	if kept != noCredential && kept.content().Serial == serial {
		if kept.content().accepted.Load() {
			return
		}
		defer kept.content().accepted.Store(true)
	}
	s.handle.ReportSuccess(serial)
}
