// A warm read of a credential against one atomic load, in one run; best of 5. Beside it the same read through cgo, and the
// official client's. Exits with 1 when a goal is missed.
package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	official "github.com/aliyun/aliyun-secretsmanager-client-go/sdk"
	"github.com/aliyun/aliyun-secretsmanager-client-go/sdk/logger"
	"github.com/aliyun/aliyun-secretsmanager-client-go/sdk/models"
	"github.com/aliyun/aliyun-secretsmanager-client-go/sdk/service"

	"github.com/kmsramcred/kmsramcred/go"
	"github.com/kmsramcred/kmsramcred/go/internal/emulator"
	"github.com/kmsramcred/kmsramcred/go/internal/ffi"
)

const runs = 5

// row is one thing measured: by so many goroutines at once, nanoseconds of each operation of one of them.
type row struct {
	name       string
	goroutines int
	operations int
	work       func(operations int)
	ns         float64
	bytes      uint64
}

func (r *row) run() {
	var group sync.WaitGroup
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began := time.Now()
	for range r.goroutines {
		group.Add(1)
		go func() {
			defer group.Done()
			r.work(r.operations / r.goroutines)
		}()
	}
	group.Wait()
	took := time.Since(began)
	runtime.ReadMemStats(&after)
	if ns := float64(took.Nanoseconds()) / float64(r.operations); r.ns == 0 || ns < r.ns {
		r.ns = ns
	}
	if r.bytes == 0 || after.Mallocs-before.Mallocs < r.bytes {
		r.bytes = after.Mallocs - before.Mallocs
	}
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	if len(os.Args) != 2 {
		log.Fatalf("usage: %s PATH-OF-KMS-EMULATOR", os.Args[0])
	}
	kmsramcred.SetLogger(nil)
	ready, stop, err := emulator.Launch(os.Args[1])
	must(err)
	missed := measure(ready)
	stop()
	if missed {
		os.Exit(1)
	}
}

func measure(ready emulator.Ready) (missed bool) {
	answer, err := http.Post(ready.Control+"/secrets", "application/json", bytes.NewBufferString(`{"name":"bench"}`))
	must(err)
	_ = answer.Body.Close()
	client, err := kmsramcred.Open(kmsramcred.WithoutFile(), kmsramcred.WithoutEnvironment(),
		kmsramcred.WithAccessKey(ready.AccessKeyID, ready.AccessKeySecret, ""),
		kmsramcred.WithSetting("cache_client_region_id", ready.Regions()))
	must(err)
	defer client.Close()
	secret, err := client.Secret("bench")
	must(err)
	ctx := context.Background()
	_, err = secret.Credential(ctx)
	must(err)
	native := throughCgo(ready)
	theirs := officialClient(ready)

	var word atomic.Pointer[int]
	word.Store(new(int))
	load := func(operations int) {
		for range operations {
			if word.Load() == nil {
				panic("nothing")
			}
		}
	}
	warm := func(operations int) {
		for range operations {
			if found, err := secret.Credential(ctx); found == nil || err != nil {
				panic(err)
			}
		}
	}
	cgo := func(operations int) {
		for range operations {
			if _, fault := native.Acquire(0); fault != nil {
				panic(fault)
			}
		}
	}
	get := func(operations int) {
		for range operations {
			if _, err := theirs.GetSecretInfo("bench"); err != nil {
				panic(err)
			}
		}
	}
	rows := []*row{
		{name: "atomic load (floor)", goroutines: 1, operations: 50_000_000, work: load},
		{name: "Secret.Credential", goroutines: 1, operations: 50_000_000, work: warm},
		{name: "Secret.Credential", goroutines: 64, operations: 50_000_000, work: warm},
		{name: "the same through cgo", goroutines: 1, operations: 500_000, work: cgo},
		{name: "official GetSecretInfo", goroutines: 1, operations: 500_000, work: get},
		{name: "official GetSecretInfo", goroutines: 64, operations: 500_000, work: get},
	}
	// Whole rounds over all rows, so that a busy moment spoils one run of each, not all of one.
	for range runs {
		for _, row := range rows {
			row.run()
		}
	}
	fmt.Printf("%-24s %10s %10s %12s %14s\n", "", "goroutines", "ns", "of the floor", "allocations")
	for _, row := range rows {
		fmt.Printf("%-24s %10d %10.2f %11.1fx %14.4f\n", row.name, row.goroutines, row.ns, row.ns/rows[0].ns,
			float64(row.bytes)/float64(row.operations))
	}
	floor, one, many, through := rows[0].ns, rows[1].ns, rows[2].ns, rows[3].ns
	for _, goal := range []struct {
		what string
		met  bool
	}{
		{fmt.Sprintf("a warm read is at most 8 loads: %.1f", one/floor), one <= 8*floor},
		{fmt.Sprintf("64 goroutines are no slower an operation: %.2f of one's", many/one), many <= one*1.05},
		{fmt.Sprintf("it is 15 times as fast as through cgo: %.0f", through/one), through >= 15*one},
		{"it allocates nothing", rows[1].bytes < 100},
	} {
		if !goal.met {
			missed = true
			fmt.Print("MISSED: ")
		}
		fmt.Println(goal.what)
	}
	return missed
}

// throughCgo is a secret whose every read is a call into the library.
func throughCgo(ready emulator.Ready) *ffi.Secret {
	config, fault := ffi.NewConfig()
	mustNot(fault)
	defer config.Free()
	mustNot(config.SetAccessKey(ready.AccessKeyID, ready.AccessKeySecret, ""))
	mustNot(config.Set("cache_client_region_id", ready.Regions()))
	client, fault := config.NewClient()
	mustNot(fault)
	secret, fault := client.OpenSecret("bench")
	mustNot(fault)
	_, fault = secret.Acquire(10_000)
	mustNot(fault)
	return secret
}

func mustNot(fault *ffi.Fault) {
	if fault != nil {
		log.Fatalf("%+v", *fault)
	}
}

// officialClient is the cache that the official plug-in's GetAccessKey reads. It verifies no certificate here.
func officialClient(ready emulator.Ready) *official.SecretManagerCacheClient {
	quiet := logger.NewDefaultLogger(log.New(io.Discard, "", 0))
	must(logger.RegisterLogger("CacheClient", quiet))
	builder := service.NewDefaultSecretManagerClientBuilder().
		WithAccessKey(ready.AccessKeyID, ready.AccessKeySecret).
		AddRegionInfo(&models.RegionInfo{RegionId: "cn-hangzhou", Endpoint: ready.KMSHost})
	client, err := official.NewSecretCacheClientBuilder(builder.Build()).WithLogger(quiet).Build()
	must(err)
	_, err = client.GetSecretInfo("bench")
	must(err)
	return client
}
