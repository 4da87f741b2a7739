// Package emulator runs a kms-emulator for a test: of this module and of those of the adapters.
package emulator

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/kmsramcred/kmsramcred/go"
)

// Emulator is a running kms-emulator of one test.
type Emulator struct {
	t     testing.TB
	file  string
	Ready Ready
}

// Ready says where everything listens, as host:port, and Control as a URL. docs/emulator.md has all of it.
type Ready struct {
	Control         string `json:"control"`
	KMSHost         string `json:"kms_host"`
	CAPath          string `json:"ca_path"`
	AccessKeyID     string `json:"access_key_id"`
	AccessKeySecret string `json:"access_key_secret"`
	OSSHost         string `json:"oss_host"`
	OSSTLSHost      string `json:"oss_tls_host"`
	// Of a service that accepts any RPC or ROA action signed by a live key of a secret; "default" is always there.
	Services    map[string]string `json:"services"`
	ServicesTLS map[string]string `json:"services_tls"`
}

var direct = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}

// Start runs one until the test is over; the test is skipped where none was built.
func Start(t testing.TB) *Emulator {
	t.Helper()
	command := os.Getenv("KMS_EMULATOR")
	if command == "" {
		t.Skip("KMS_EMULATOR is not set; `make test-go` builds the emulator and sets it")
	}
	ready, stop, err := Launch(command)
	Must(t, err)
	t.Cleanup(stop)
	return &Emulator{t: t, Ready: ready}
}

// Launch runs one until stop is called.
func Launch(command string) (ready Ready, stop func(), err error) {
	process := exec.Command(command, "--exit-with-stdin")
	stdin, err := process.StdinPipe()
	if err != nil {
		return ready, nil, err
	}
	stdout, err := process.StdoutPipe()
	if err != nil {
		return ready, nil, err
	}
	if err := process.Start(); err != nil {
		return ready, nil, err
	}
	stop = func() {
		_ = stdin.Close()
		_ = process.Wait()
	}
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &ready)
	}
	if err != nil {
		stop()
	}
	return ready, stop, err
}

// Ask sends an order to the control port and gives the answer.
func (e *Emulator) Ask(method, path string, body any) map[string]any {
	e.t.Helper()
	sent, err := json.Marshal(body)
	Must(e.t, err)
	request, err := http.NewRequest(method, e.Ready.Control+path, bytes.NewReader(sent))
	Must(e.t, err)
	request.Header.Set("Content-Type", "application/json")
	response, err := direct.Do(request)
	Must(e.t, err)
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	Must(e.t, err)
	if response.StatusCode >= 300 {
		e.t.Fatalf("%s %s: %d %s", method, path, response.StatusCode, answer)
	}
	var told map[string]any
	_ = json.Unmarshal(answer, &told)
	return told
}

// Regions is the setting cache_client_region_id for this KMS.
func (r Ready) Regions() string {
	region, _ := json.Marshal([]map[string]string{
		{"regionId": "cn-hangzhou", "endpoint": r.KMSHost, "caFilePath": r.CAPath},
	})
	return string(region)
}

// Options are those of a client whose KMS is this one.
func (e *Emulator) Options() []kmsramcred.Option {
	return []kmsramcred.Option{
		kmsramcred.WithoutFile(), kmsramcred.WithoutEnvironment(),
		kmsramcred.WithAccessKey(e.Ready.AccessKeyID, e.Ready.AccessKeySecret, ""),
		kmsramcred.WithSetting("cache_client_region_id", e.Ready.Regions()),
	}
}

// File writes the settings of Options as a configuration file.
func (e *Emulator) File() string {
	e.t.Helper()
	if e.file == "" {
		e.file = filepath.Join(e.t.TempDir(), "emulator.properties")
		Must(e.t, os.WriteFile(e.file, []byte("credentials_type=ak\n"+
			"credentials_access_key_id="+e.Ready.AccessKeyID+"\n"+
			"credentials_access_secret="+e.Ready.AccessKeySecret+"\n"+
			"cache_client_region_id="+e.Ready.Regions()+"\n"), 0o600))
	}
	return e.file
}

// Open makes a client that ends with the test.
func (e *Emulator) Open(more ...kmsramcred.Option) *kmsramcred.Client {
	e.t.Helper()
	client, err := kmsramcred.Open(append(e.Options(), more...)...)
	Must(e.t, err)
	e.t.Cleanup(func() { _ = client.Close() })
	return client
}

// Secret makes a secret in KMS and opens it.
func (e *Emulator) Secret(client *kmsramcred.Client, fields map[string]any) *kmsramcred.Secret {
	e.t.Helper()
	e.Ask("POST", "/secrets", fields)
	secret, err := client.Secret(fields["name"].(string))
	Must(e.t, err)
	return secret
}

// Must ends the test at an error.
func Must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Until waits until a condition holds.
func Until(t testing.TB, what string, condition func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !condition(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within 10 s: %s", what)
		}
	}
}

// UntilNewer waits until a secret has another value than the one of this serial.
func UntilNewer(t testing.TB, secret *kmsramcred.Secret, serial uint64) {
	t.Helper()
	Until(t, "a newer key", func() bool {
		current, err := secret.CredentialNow()
		Must(t, err)
		return current.Serial() != serial
	})
}

// CloseAfterReport closes the client of a secret as soon as a refusal was reported, beside the test; wait waits for that.
func CloseAfterReport(t testing.TB, secret *kmsramcred.Secret) (wait func()) {
	var closing sync.WaitGroup
	Spawn(&closing, func() {
		for reported := uint64(0); reported == 0; time.Sleep(time.Millisecond) {
			stats, err := secret.Client().Stats()
			if err != nil {
				t.Error(err)
				return
			}
			reported = stats.FailuresReported
		}
		if err := secret.Client().Close(); err != nil {
			t.Error(err)
		}
	})
	return closing.Wait
}

// Spawn runs work beside the others of a group.
func Spawn(group *sync.WaitGroup, work func()) {
	group.Add(1)
	go func() {
		defer group.Done()
		work()
	}()
}
