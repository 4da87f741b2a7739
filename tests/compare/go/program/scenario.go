package program

import (
	"sync"
	"time"
)

// first is the first credential or call, and what it took from here on. The process stays for who wants to look at it.
func first(with conversation, library Library, wanted Order) error {
	began := time.Now()
	get, err := library.Reader, error(nil)
	if wanted.Adapter {
		get = func(secret string) (func() error, error) { return library.Caller(secret, wanted.Host) }
	}
	use, err := get(wanted.Secret)
	if err == nil {
		err = use()
	}
	with.say(answer{"seconds": time.Since(began).Seconds(), "error": nameOf(err)})
	with.hear()
	return nil
}

// read is what one read of the cached key costs the process.
func read(with conversation, library Library, wanted Order) error {
	get, err := library.Reader(wanted.Secret)
	if err == nil {
		err = get()
	}
	if err != nil {
		return err
	}
	counts := make([]int, wanted.Threads)
	gate := make(chan struct{})
	var running sync.WaitGroup
	for number := range counts {
		running.Go(func() {
			<-gate
			count := 0
			for ends := time.Now().Add(seconds(wanted.Seconds)); time.Now().Before(ends); count += 50 {
				for range 50 {
					if err := get(); err != nil {
						panic(err)
					}
				}
			}
			counts[number] = count
		})
	}
	began := time.Now()
	close(gate)
	running.Wait()
	took, all := time.Since(began), 0
	for _, count := range counts {
		all += count
	}
	with.say(answer{"nanoseconds": float64(took.Nanoseconds()) / float64(all)})
	return nil
}
