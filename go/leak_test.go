package kmsramcred_test

import (
	"context"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/kmsramcred/kmsramcred/go"
	"github.com/kmsramcred/kmsramcred/go/internal/emulator"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// rounds is how often a test does what must leave nothing behind: few by default, KMSRAMCRED_ROUNDS by hand.
func rounds(t *testing.T, few int) int {
	given := os.Getenv("KMSRAMCRED_ROUNDS")
	if given == "" {
		return few
	}
	many, err := strconv.Atoi(given)
	must(t, err)
	return many
}

// held is what the process holds of the system; the threads are those of the library.
type held struct{ descriptors, threads, residentKB int }

func holds(t *testing.T) held {
	descriptors, err := os.ReadDir("/proc/self/fd")
	must(t, err)
	found := held{descriptors: len(descriptors)}
	tasks, err := os.ReadDir("/proc/self/task")
	must(t, err)
	for _, task := range tasks {
		// One that has ended meanwhile has no name.
		name, _ := os.ReadFile("/proc/self/task/" + task.Name() + "/comm")
		if strings.HasPrefix(string(name), "kmsramcred") {
			found.threads++
		}
	}
	status, err := os.ReadFile("/proc/self/status")
	must(t, err)
	for line := range strings.Lines(string(status)) {
		if value, is := strings.CutPrefix(line, "VmRSS:"); is {
			found.residentKB, err = strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(value), " kB"))
			must(t, err)
		}
	}
	return found
}

// leavesNothing does work again and again, and wants as many descriptors and threads after it as after its beginning. It
// prints the memory.
func leavesNothing(t *testing.T, rounds int, work func()) {
	for range max(1, rounds/10) {
		work()
	}
	runtime.GC()
	before := holds(t)
	for range rounds {
		work()
	}
	var after held
	emulator.Until(t, "descriptors and threads as before", func() bool {
		runtime.GC()
		after = holds(t)
		return after.descriptors <= before.descriptors && after.threads <= before.threads
	})
	t.Logf("%d rounds: %+v, then %+v", rounds, before, after)
}

func TestOpeningAndClosingLeavesNothing(t *testing.T) {
	kms := emulator.Start(t)
	kms.Ask("POST", "/secrets", map[string]any{"name": "s"})
	leavesNothing(t, rounds(t, 500), func() {
		client, err := kmsramcred.Open(kms.Options()...)
		must(t, err)
		for _, name := range []string{"s", "other"} {
			_, err = client.Secret(name)
			must(t, err)
		}
		must(t, client.Close())
	})
}

func TestForgettingLeavesNothing(t *testing.T) {
	kms := emulator.Start(t)
	kms.Ask("POST", "/secrets", map[string]any{"name": "s"})
	leavesNothing(t, rounds(t, 100), func() {
		// Neither closed nor kept: the garbage collector ends its threads and connections.
		client, err := kmsramcred.Open(kms.Options()...)
		must(t, err)
		secret, err := client.Secret("s")
		must(t, err)
		_, err = secret.Credential(t.Context())
		must(t, err)
		runtime.GC()
	})
}

func TestAcquiringUnderPressureLeavesNothing(t *testing.T) {
	kms := emulator.Start(t)
	secret := kms.Secret(kms.Open(), map[string]any{"name": "s"})
	_, err := secret.Credential(t.Context())
	must(t, err)
	defer debug.SetGCPercent(debug.SetGCPercent(1))
	leavesNothing(t, rounds(t, 20_000), func() {
		secret.AcquireThroughCgo()
		credential, err := secret.Credential(context.Background())
		must(t, err)
		_ = append([]byte(nil), credential.AccessKeySecret()...)
	})
}

func TestProgramsStartedDuringFetchesGetNoDescriptor(t *testing.T) {
	kms := emulator.Start(t)
	secret := kms.Secret(kms.Open(), map[string]any{"name": "s"})
	old, err := secret.Credential(t.Context())
	must(t, err)
	var group sync.WaitGroup
	stop := make(chan struct{})
	emulator.Spawn(&group, func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			kms.Ask("POST", "/secrets/s/rotate", map[string]any{})
			if !secret.NewCall("Ecs", "h").Refused(t.Context(), old.Serial(), refused, 404) {
				t.Error("a rotation was not followed")
				return
			}
			fresh, err := secret.Credential(t.Context())
			if err != nil {
				t.Error(err)
				return
			}
			secret.ReportSuccess(fresh.Serial())
			old = fresh
		}
	})
	for range rounds(t, 100) {
		// Of ls itself: standard streams and the folder that it reads.
		shown, err := exec.Command("ls", "-l", "/proc/self/fd").CombinedOutput()
		must(t, err)
		if strings.Contains(string(shown), "socket:") || strings.Contains(string(shown), "eventfd") {
			t.Fatalf("a descriptor was inherited:\n%s", shown)
		}
	}
	close(stop)
	group.Wait()
}
