package program

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// done is a call that has ended: when it began and how long it took, in seconds.
type done struct {
	began, took float64
	failed      any
}

// callers are goroutines that call a service, each with a pause after a call, and what they met.
type callers struct {
	call  func() error
	pause time.Duration
	stop  chan struct{}
	ended []atomic.Int64
	alive atomic.Int64

	mu    sync.Mutex
	calls []done
}

func begin(call func() error, threads int, pause time.Duration) *callers {
	made := &callers{call: call, pause: pause, stop: make(chan struct{}), ended: make([]atomic.Int64, threads)}
	made.alive.Store(int64(threads))
	for number := range threads {
		go made.work(number)
	}
	return made
}

func (c *callers) work(number int) {
	defer c.alive.Add(-1)
	wait := c.pause * time.Duration(number) / time.Duration(len(c.ended))
	for {
		select {
		case <-c.stop:
			return
		case <-time.After(wait):
		}
		began := clock()
		failed := nameOf(c.call())
		call := done{began, clock() - began, failed}
		c.mu.Lock()
		c.calls = append(c.calls, call)
		c.mu.Unlock()
		c.ended[number].Add(1)
		wait = c.pause
	}
}

// flowing says whether each has called twice.
func (c *callers) flowing() bool {
	for number := range c.ended {
		if c.ended[number].Load() < 2 {
			return false
		}
	}
	return true
}

// end stops them, and gives what they met and how many of them have not come back.
func (c *callers) end() ([]done, int64) {
	close(c.stop)
	until(func() bool { return c.alive.Load() == 0 })
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.calls), c.alive.Load()
}

func until(condition func() bool) bool {
	for ends := time.Now().Add(patience); !condition(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(ends) {
			return false
		}
	}
	return true
}

// load is calls that go on while the key is rotated.
func load(with conversation, library Library, wanted Order) error {
	call, err := library.Caller(wanted.Secret, wanted.Host)
	if err != nil {
		return err
	}
	running := begin(call, wanted.Threads, seconds(wanted.Pause))
	with.say(answer{"flowing": until(running.flowing)})
	told, _ := with.hear()
	calls, unended := running.end()
	with.say(summary(calls, told.Rotated, unended))
	return nil
}

// summary is of the calls that ended after the rotation.
func summary(calls []done, rotated float64, unended int64) answer {
	before, after, failed := 0, 0, 0
	slowest, failingFor := 0.0, 0.0
	codes := map[string]bool{}
	for _, call := range calls {
		ended := call.began + call.took
		if ended < rotated {
			if call.failed != nil {
				before++
			}
			continue
		}
		after++
		slowest = max(slowest, call.took)
		if code, isCode := call.failed.(string); isCode {
			failed++
			codes[code] = true
			failingFor = max(failingFor, ended-rotated)
		}
	}
	return answer{
		"before_failed": before,
		"calls":         after,
		"failed":        failed,
		"codes":         slices.Sorted(maps.Keys(codes)),
		"unended":       unended,
		"slowest":       slowest,
		"failing_for":   failingFor,
	}
}
