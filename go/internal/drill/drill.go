// Package drill rotates a secret while many goroutines call a service, and counts: the same for every adapter.
package drill

import (
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kmsramcred/kmsramcred/go/internal/emulator"
)

// size is small in the suite; a variable sets it by hand.
func size(t testing.TB, variable string, small int) int {
	given := os.Getenv(variable)
	if given == "" {
		return small
	}
	number, err := strconv.Atoi(given)
	emulator.Must(t, err)
	return number
}

// Ride makes 64 goroutines call again and again through 4 rotations, a second apart, and fails the test where a call failed or
// KMS was asked for a value more often than once for each rotation and once at the start. KMSRAMCRED_CALLERS and
// KMSRAMCRED_ROTATIONS set other numbers. The secret is the only one of kms, and was not fetched yet.
func Ride(t testing.TB, kms *emulator.Emulator, name string, call func(caller int) error) {
	t.Helper()
	rotations, callers := size(t, "KMSRAMCRED_ROTATIONS", 4), size(t, "KMSRAMCRED_CALLERS", 64)
	before := Fetches(kms)
	var group sync.WaitGroup
	var stop atomic.Bool
	var done, failed atomic.Int64
	for caller := range callers {
		emulator.Spawn(&group, func() {
			for !stop.Load() {
				if err := call(caller); err != nil {
					failed.Add(1)
					t.Errorf("caller %d: %v", caller, err)
					return
				}
				done.Add(1)
			}
		})
	}
	for range rotations {
		kms.Ask("POST", "/secrets/"+name+"/rotate", map[string]any{})
		next := time.Now().Add(time.Second)
		reached := done.Load() + int64(2*callers)
		emulator.Until(t, "every caller at work with the new key, for a second", func() bool {
			return failed.Load() > 0 || time.Now().After(next) && done.Load() >= reached
		})
	}
	stop.Store(true)
	group.Wait()
	fetches := Fetches(kms) - before
	t.Logf("%d callers, %d rotations: %d calls, %d failed, %d GetSecretValue", callers, rotations, done.Load(), failed.Load(), fetches)
	if fetches > rotations+1 {
		t.Errorf("%d GetSecretValue for %d rotations", fetches, rotations)
	}
}

// Fetches is how often KMS was asked for a value.
func Fetches(kms *emulator.Emulator) int {
	counted := kms.Ask("GET", "/counters", nil)["kms"].(map[string]any)
	return int(counted["get_secret_value"].(float64))
}
