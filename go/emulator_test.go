package kmsramcred

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
)

// emulator is a running kms-emulator of one test.
type emulator struct {
	t     testing.TB
	ready struct {
		Control         string `json:"control"`
		KMSHost         string `json:"kms_host"`
		CAPath          string `json:"ca_path"`
		AccessKeyID     string `json:"access_key_id"`
		AccessKeySecret string `json:"access_key_secret"`
	}
}

var direct = &http.Client{Transport: &http.Transport{Proxy: nil}, Timeout: 10 * time.Second}

func startEmulator(t testing.TB) *emulator {
	t.Helper()
	command := os.Getenv("KMS_EMULATOR")
	if command == "" {
		t.Skip("KMS_EMULATOR is not set; `make test-go` builds the emulator and sets it")
	}
	process := exec.Command(command, "--exit-with-stdin")
	stdin, err := process.StdinPipe()
	must(t, err)
	stdout, err := process.StdoutPipe()
	must(t, err)
	must(t, process.Start())
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = process.Wait()
	})
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	must(t, err)
	made := &emulator{t: t}
	must(t, json.Unmarshal(line, &made.ready))
	return made
}

func (e *emulator) ask(method, path string, body any) map[string]any {
	e.t.Helper()
	sent, err := json.Marshal(body)
	must(e.t, err)
	request, err := http.NewRequest(method, e.ready.Control+path, bytes.NewReader(sent))
	must(e.t, err)
	request.Header.Set("Content-Type", "application/json")
	response, err := direct.Do(request)
	must(e.t, err)
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	must(e.t, err)
	if response.StatusCode >= 300 {
		e.t.Fatalf("%s %s: %d %s", method, path, response.StatusCode, answer)
	}
	var told map[string]any
	_ = json.Unmarshal(answer, &told)
	return told
}

func (e *emulator) options() []Option {
	region, _ := json.Marshal([]map[string]string{
		{"regionId": "cn-hangzhou", "endpoint": e.ready.KMSHost, "caFilePath": e.ready.CAPath},
	})
	return []Option{
		WithoutFile(), WithoutEnvironment(),
		WithAccessKey(e.ready.AccessKeyID, e.ready.AccessKeySecret, ""),
		WithSetting("cache_client_region_id", string(region)),
	}
}

func (e *emulator) open(more ...Option) *Client {
	e.t.Helper()
	client, err := Open(append(e.options(), more...)...)
	must(e.t, err)
	e.t.Cleanup(func() { _ = client.Close() })
	return client
}

// secret makes a secret in KMS and opens it.
func (e *emulator) secret(client *Client, fields map[string]any) *Secret {
	e.t.Helper()
	e.ask("POST", "/secrets", fields)
	secret, err := client.Secret(fields["name"].(string))
	must(e.t, err)
	return secret
}

func (e *emulator) file(lines string) string {
	path := filepath.Join(e.t.TempDir(), "app.properties")
	must(e.t, os.WriteFile(path, []byte(lines), 0o600))
	return path
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func until(t testing.TB, what string, condition func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !condition(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within 10 s: %s", what)
		}
	}
}

func spawn(group *sync.WaitGroup, work func()) {
	group.Add(1)
	go func() {
		defer group.Done()
		work()
	}()
}
