// The driver of Go: a program on the module kmsramcred, told what to do line by line (see ../../README.md).
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	kmsramcred "github.com/kmsramcred/kmsramcred/go"
)

type pair struct {
	key   string
	value any
}

type fields map[string]string

func (f fields) number(key string, otherwise int64) int64 {
	if value, err := strconv.ParseInt(f[key], 10, 64); err == nil {
		return value
	}
	return otherwise
}

func (f fields) time(key string) time.Duration {
	return time.Duration(f.number(key, 10_000)) * time.Millisecond
}

// warnings is what the library warned of since the client was made.
type warnings struct {
	mu   sync.Mutex
	said []string
}

func (w *warnings) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelWarn }
func (w *warnings) WithAttrs([]slog.Attr) slog.Handler               { return w }
func (w *warnings) WithGroup(string) slog.Handler                    { return w }
func (w *warnings) Handle(_ context.Context, record slog.Record) error {
	fmt.Fprintln(os.Stderr, record.Message)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.said = append(w.said, record.Message)
	return nil
}

type application struct {
	client *kmsramcred.Client
	loads  map[string]*load
	warned warnings
}

func (a *application) obey(verb string, f fields) ([]pair, error) {
	switch verb {
	case "open":
		return nil, a.open(f)
	case "seen":
		return a.loads[f["load"]].told(f["anew"] == "true"), nil
	case "stop":
		stopped := a.loads[f["load"]]
		stopped.stop.Store(true)
		stopped.group.Wait()
		direct.CloseIdleConnections()
		return stopped.told(false), nil
	case "stats":
		s, err := a.client.Stats()
		return []pair{{"slow_acquires", s.SlowAcquires}, {"refreshes_ok", s.RefreshesOK},
			{"refreshes_failed", s.RefreshesFailed}, {"waiters_coalesced", s.WaitersCoalesced},
			{"stale_served", s.StaleServed}, {"failures_reported", s.FailuresReported},
			{"kms_requests", s.KMSRequests}}, err
	case "warnings":
		a.warned.mu.Lock()
		defer a.warned.mu.Unlock()
		return []pair{{"count", len(a.warned.said)}, {"message", strings.Join(a.warned.said, "\n")}}, nil
	case "close":
		ctx, cancel := context.WithTimeout(context.Background(), f.time("timeout_ms"))
		defer cancel()
		return nil, a.client.Shutdown(ctx)
	}
	if _, named := f["secret"]; verb == "explain" && !named {
		json, err := a.client.Explain()
		return []pair{{"json", string(json)}}, err
	}
	secret, err := a.client.Secret(f["secret"])
	if err != nil {
		return nil, err
	}
	return a.obeyOn(secret, verb, f)
}

func (a *application) open(f fields) error {
	a.client = nil
	a.warned.mu.Lock()
	a.warned.said = nil
	a.warned.mu.Unlock()
	var options []kmsramcred.Option
	if path, named := f["path"]; named {
		options = append(options, kmsramcred.WithFile(path))
	}
	client, err := kmsramcred.Open(options...)
	a.client = client
	return err
}

func (a *application) obeyOn(secret *kmsramcred.Secret, verb string, f fields) ([]pair, error) {
	ctx, cancel := context.WithTimeout(context.Background(), f.time("timeout_ms"))
	defer cancel()
	switch verb {
	case "acquire":
		acquire := func() (*kmsramcred.Credential, error) { return secret.Credential(ctx) }
		if f.time("timeout_ms") == 0 {
			acquire = secret.CredentialNow
		}
		credential, err := acquire()
		if err != nil {
			return nil, err
		}
		token := map[bool]string{true: "no", false: "yes"}[credential.SecurityToken() == ""]
		return []pair{{"serial", credential.Serial()}, {"key", credential.AccessKeyID()}, {"token", token},
			{"accepted", credential.Accepted()}}, nil
	case "refresh":
		return nil, secret.Refresh(ctx)
	case "report":
		code, named := f["code"]
		verdict, err := secret.ReportFailure(context.Background(), kmsramcred.Refusal{
			Serial: uint64(f.number("serial", 0)), Service: f["service"], Host: f["host"], Code: code, Judged: !named,
			HTTPStatus: int(f.number("http_status", 0)), Round: int(f.number("round", 0)),
		}, f.time("left_ms"))
		told := []pair{{"verdict", verdict.Action}}
		if verdict.Action == kmsramcred.RetryLater {
			told = append(told, pair{"wait_ms", verdict.RetryAfter.Milliseconds()})
		}
		if verdict.Cause != nil {
			told = append(told, described(verdict.Cause)...)
		}
		return told, err
	case "accept":
		secret.ReportSuccess(uint64(f.number("serial", 0)))
		return nil, nil
	case "load":
		a.loads[f["load"]] = startLoad(secret, f["host"], int(f.number("threads", 0)), f.time("budget_ms"))
		return nil, nil
	case "explain":
		json, err := secret.Explain()
		return []pair{{"json", string(json)}}, err
	}
	return nil, errors.New("no such verb: " + verb)
}

func described(err error) []pair {
	var told *kmsramcred.Error
	if !errors.As(err, &told) {
		return []pair{{"status", -1}, {"name", "other"}, {"message", err}}
	}
	said := []pair{{"status", int32(told.Status)}, {"name", told.Status}, {"advice", told.Advice},
		{"retryable", told.Retryable}, {"message", told}}
	if told.Code != "" {
		said = append(said, pair{"code", told.Code})
	}
	if told.HTTPStatus != 0 {
		said = append(said, pair{"http_status", told.HTTPStatus})
	}
	return said
}

func text(value any) string {
	switch value := value.(type) {
	case kmsramcred.Status: // both an error and a Stringer
		return value.String()
	default:
		return fmt.Sprint(value)
	}
}

func main() {
	a := &application{loads: map[string]*load{}}
	kmsramcred.SetLogger(slog.New(&a.warned))
	commands := bufio.NewScanner(os.Stdin)
	commands.Buffer(nil, 1<<22)
	for commands.Scan() {
		words := strings.Fields(commands.Text())
		if len(words) == 0 || words[0] == "quit" {
			break
		}
		f := fields{}
		for _, word := range words[1:] {
			key, value, _ := strings.Cut(word, "=")
			f[key], _ = url.PathUnescape(value)
		}
		told, err := a.obey(words[0], f)
		line := "ok"
		if err != nil {
			line, told = "error", described(err)
		}
		for _, said := range told {
			line += " " + said.key + "=" + quoted(text(said.value))
		}
		fmt.Println(line)
	}
}
