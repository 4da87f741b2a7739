package main

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	kmsramcred "github.com/kmsramcred/kmsramcred/go"
)

const sendTimeout = 10 * time.Second

var direct = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}, Timeout: sendTimeout}

type refused struct {
	status int
	code   string
}

func (r *refused) Error() string { return fmt.Sprintf("refused: %d %s", r.status, r.code) }

// quoted encodes as RFC 3986 wants it.
func quoted(text string) string { return strings.ReplaceAll(url.QueryEscape(text), "+", "%20") }

// send calls the RPC service at host, signed with version 1.0. The second result is how it was refused.
func send(host string, credential *kmsramcred.Credential) (error, *refused) {
	var nonce [16]byte
	_, _ = rand.Read(nonce[:])
	fields := map[string]string{
		"AccessKeyId":      credential.AccessKeyID(),
		"Action":           "DescribeRegions",
		"Format":           "JSON",
		"RegionId":         "cn-hangzhou",
		"SignatureMethod":  "HMAC-SHA1",
		"SignatureNonce":   hex.EncodeToString(nonce[:]),
		"SignatureVersion": "1.0",
		"Timestamp":        time.Now().UTC().Format("2006-01-02T15:04:05Z"),
		"Version":          "2014-05-26",
	}
	if token := credential.SecurityToken(); token != "" {
		fields["SecurityToken"] = token
	}
	var pairs []string
	for key, value := range fields {
		pairs = append(pairs, quoted(key)+"="+quoted(value))
	}
	sort.Strings(pairs)
	form := strings.Join(pairs, "&")
	mac := hmac.New(sha1.New, []byte(credential.AccessKeySecret()+"&"))
	mac.Write([]byte("POST&%2F&" + quoted(form)))
	form += "&Signature=" + quoted(base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	answer, err := direct.Post("http://"+host+"/", "application/x-www-form-urlencoded", strings.NewReader(form))
	if err != nil {
		return err, nil
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode == http.StatusOK {
		return err, nil
	}
	var told struct{ Code string }
	_ = json.Unmarshal(body, &told)
	return nil, &refused{answer.StatusCode, told.Code}
}

// load is callers at work, and what they saw.
type load struct {
	secret *kmsramcred.Secret
	host   string
	budget time.Duration
	stop   atomic.Bool
	group  sync.WaitGroup

	mu                              sync.Mutex
	calls, failed, refused, slowest int64
	complaint                       string
}

func startLoad(secret *kmsramcred.Secret, host string, callers int, budget time.Duration) *load {
	made := &load{secret: secret, host: host, budget: budget}
	for range callers {
		made.group.Add(1)
		go func() {
			defer made.group.Done()
			for !made.stop.Load() {
				made.call()
				time.Sleep(5 * time.Millisecond)
			}
		}()
	}
	return made
}

func (l *load) call() {
	began := time.Now()
	err := l.sendUntilSettled()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls++
	l.slowest = max(l.slowest, time.Since(began).Milliseconds())
	if err != nil {
		l.failed++
		if l.complaint == "" {
			l.complaint = err.Error()
		}
	}
}

func (l *load) sendUntilSettled() error {
	ctx := context.Background()
	var ends time.Time
	for round := 1; ; round++ {
		wait, cancel := context.WithTimeout(ctx, sendTimeout)
		credential, err := l.secret.Credential(wait)
		cancel()
		if err != nil {
			return err
		}
		err, refusal := send(l.host, credential)
		if err != nil {
			return err
		}
		if refusal == nil {
			l.secret.ReportSuccess(credential.Serial())
			return nil
		}
		l.mu.Lock()
		l.refused++
		l.mu.Unlock()
		if ends.IsZero() {
			ends = time.Now().Add(l.budget)
		}
		verdict, err := l.secret.ReportFailure(ctx, kmsramcred.Refusal{
			Serial: credential.Serial(), Service: "Ecs", Host: l.host, Code: refusal.code,
			HTTPStatus: refusal.status, Round: round,
		}, time.Until(ends))
		if err != nil {
			return err
		}
		if !verdict.Again(ctx) {
			return refusal
		}
	}
}

// told is what the callers saw; anew begins the slowest call and the complaint anew.
func (l *load) told(anew bool) []pair {
	l.mu.Lock()
	defer l.mu.Unlock()
	told := []pair{{"calls", l.calls}, {"failed", l.failed}, {"refused", l.refused}, {"slowest_ms", l.slowest},
		{"complaint", l.complaint}}
	if anew {
		l.slowest, l.complaint = 0, ""
	}
	return told
}
