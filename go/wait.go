package kmsramcred

import (
	"context"
	"errors"
	"sync"
	"time"
)

const (
	// patience is how long a call waits whose context has no deadline: the default budget of a fetch.
	patience = 10 * time.Second
	// blocked is how many goroutines of one secret may wait inside C in each kind of call, each on a thread of its own.
	blocked = 32
	// grace is how long the library's own account of a timeout is waited for, which says more than the context does.
	grace = 200 * time.Millisecond
)

// waits are the calls of one kind that wait inside C for one secret. A caller who leaves takes nothing from the others.
type waits[T any] struct {
	mu      sync.Mutex
	running []*wait[T]
}

type wait[T any] struct {
	done   chan struct{}
	result T
	err    error
	ends   time.Time
}

// do runs call, which waits for at most what it is given, and returns its result or, at once, that ctx was cancelled.
func (w *waits[T]) do(ctx context.Context, call func(timeoutMS uint64) (T, error)) (T, error) {
	var none T
	if err := ctx.Err(); err != nil {
		return none, err
	}
	ends, own := ctx.Deadline()
	if !own {
		ends = time.Now().Add(patience)
	}
	for {
		waiting := w.join(ends, call)
		select {
		case <-waiting.done:
		case <-ctx.Done():
			if !errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return none, ctx.Err()
			}
			select {
			case <-waiting.done:
			case <-time.After(grace):
				return none, ctx.Err()
			}
		}
		// The deadline of somebody else, whose wait this one had joined, is none of ours.
		if errors.Is(waiting.err, ErrTimeout) && waiting.ends.Before(ends) && time.Now().Before(ends) {
			continue
		}
		return waiting.result, waiting.err
	}
}

// join starts a wait or, where too many are under way, shares the one that ends last.
func (w *waits[T]) join(ends time.Time, call func(timeoutMS uint64) (T, error)) *wait[T] {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.running) >= blocked {
		last := w.running[0]
		for _, other := range w.running {
			if other.ends.After(last.ends) {
				last = other
			}
		}
		return last
	}
	made := &wait[T]{done: make(chan struct{}), ends: ends}
	w.running = append(w.running, made)
	go func() {
		made.result, made.err = call(milliseconds(time.Until(ends)))
		w.mu.Lock()
		for at, other := range w.running {
			if other == made {
				w.running = append(w.running[:at], w.running[at+1:]...)
				break
			}
		}
		w.mu.Unlock()
		close(made.done)
	}()
	return made
}

// ended is why a wait ended with its context: the library's own words where they come in time.
func ended(ctx context.Context, done <-chan error) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		select {
		case err := <-done:
			return err
		case <-time.After(grace):
		}
	}
	return ctx.Err()
}

// milliseconds rounds up: what is left of a budget is not nothing.
func milliseconds(d time.Duration) uint64 {
	if d <= 0 {
		return 0
	}
	return uint64((d + time.Millisecond - 1) / time.Millisecond)
}
