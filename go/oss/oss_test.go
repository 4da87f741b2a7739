package oss_test

import (
	"bytes"
	"hash/crc64"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	sdk "github.com/aliyun/aliyun-oss-go-sdk/oss"

	"github.com/kmsramcred/kmsramcred/go"
	"github.com/kmsramcred/kmsramcred/go/internal/emulator"
	"github.com/kmsramcred/kmsramcred/go/internal/osstest"
	"github.com/kmsramcred/kmsramcred/go/oss"
)

func crcOf(content []byte) uint64 { return crc64.Checksum(content, crc64.MakeTable(crc64.ECMA)) }

func TestDownloadsHeadsAndLists(t *testing.T) {
	made, secret := stage(t)
	all := osstest.Content()
	eachVersion(t, func(t *testing.T, version sdk.ClientOption) {
		bucket := bucketOf(t, made.Ready.OSSHost, secret, version)
		must(t, bucket.PutObject("key", bytes.NewReader(all)))
		warm(t, made, secret)
		body, err := bucket.GetObject("key")
		must(t, err)
		got, err := io.ReadAll(body)
		must(t, err)
		must(t, body.Close())
		if !bytes.Equal(got, all) {
			t.Fatal("other content")
		}
		warm(t, made, secret)
		head, err := bucket.GetObjectDetailedMeta("key")
		must(t, err)
		if head.Get("Content-Length") != "6291473" {
			t.Fatal(head)
		}
		warm(t, made, secret)
		list, err := bucket.ListObjectsV2(sdk.Prefix("k"), sdk.MaxKeys(10))
		must(t, err)
		if len(list.Objects) != 1 {
			t.Fatal(list.Objects)
		}
		warm(t, made, secret)
		path := filepath.Join(t.TempDir(), "down")
		must(t, bucket.DownloadFile("key", path, 1<<20, sdk.Routines(3)))
		if down, err := os.ReadFile(path); err != nil || !bytes.Equal(down, all) {
			t.Fatal(err, len(down))
		}
	})
}

func TestSignedURLsAreOfTheCurrentKey(t *testing.T) {
	made, secret := stage(t)
	eachVersion(t, func(t *testing.T, version sdk.ClientOption) {
		bucket := bucketOf(t, made.Ready.OSSHost, secret, version)
		warm(t, made, secret)
		must(t, bucket.PutObject("key", strings.NewReader("data")))
		signed, err := bucket.SignURL("key", sdk.HTTPGet, 60)
		must(t, err)
		body, err := bucket.GetObjectWithURL(signed)
		must(t, err)
		defer body.Close()
		if got, err := io.ReadAll(body); err != nil || string(got) != "data" {
			t.Fatal(err, string(got))
		}
	})
}

func TestATokenComesAndGoesWithItsKey(t *testing.T) {
	made := emulator.Start(t)
	secret := made.Secret(made.Open(), map[string]any{"name": "s", "security_token": "tok", "expire_seconds": 600})
	eachVersion(t, func(t *testing.T, version sdk.ClientOption) {
		bucket := bucketOf(t, made.Ready.OSSHost, secret, version)
		must(t, bucket.PutObject("key", strings.NewReader("data")))
		warm(t, made, secret)
		must(t, bucket.PutObject("key", strings.NewReader("data")))
	})
}

// refuser is a service that refuses the first request to it and keeps what it was asked.
type refuser struct {
	*httptest.Server
	mu    sync.Mutex
	asked []*http.Request
	code  string
	first int
}

func refuses(t *testing.T, first int, code string) *refuser {
	made := &refuser{code: code, first: first}
	made.Server = httptest.NewServer(made)
	t.Cleanup(made.Close)
	return made
}

func (r *refuser) ServeHTTP(answer http.ResponseWriter, request *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, _ = io.Copy(io.Discard, request.Body)
	r.asked = append(r.asked, request)
	if len(r.asked) <= r.first {
		answer.WriteHeader(403)
		_, _ = io.WriteString(answer, "<Error><Code>"+r.code+"</Code><Message>m</Message></Error>")
	}
}

// reaching is an option by which every host is this service.
func (r *refuser) reaching() sdk.ClientOption {
	return sdk.HTTPClient(&http.Client{Transport: &http.Transport{
		Dial: func(network, _ string) (net.Conn, error) { return net.Dial(network, r.Listener.Addr().String()) },
	}})
}

func TestEveryFormOfAddressIsSignedAnew(t *testing.T) {
	made, secret := stage(t)
	for name, form := range map[string]struct {
		endpoint string
		options  []sdk.ClientOption
	}{
		"host":       {"http://oss-cn-hangzhou.aliyuncs.com", nil},
		"own domain": {"http://img.example.com", []sdk.ClientOption{sdk.UseCname(true)}},
		"path":       {"http://oss-cn-hangzhou.aliyuncs.com", []sdk.ClientOption{sdk.ForcePathStyle(true)}},
	} {
		for _, version := range []sdk.AuthVersionType{sdk.AuthV1, sdk.AuthV2, sdk.AuthV4} {
			t.Run(name+" "+string(version), func(t *testing.T) {
				service := refuses(t, 1, "InvalidAccessKeyId")
				client, err := oss.New(form.endpoint, secret, append(form.options, sdk.AuthVersion(version), sdk.Region("cn-hangzhou"),
					sdk.AdditionalHeaders([]string{"x-given", "host"}), sdk.EnableCRC(false), service.reaching())...)
				must(t, err)
				bucket, err := client.Bucket("examplebucket")
				must(t, err)
				warm(t, made, secret)
				must(t, bucket.PutObject("a/b ä+&=?", strings.NewReader("data"), sdk.SetHeader("X-Given", "1"), sdk.AddParam("versionId", "v 1+2")))
				if len(service.asked) != 2 {
					t.Fatal(len(service.asked))
				}
				one, two := service.asked[0], service.asked[1]
				if one.RequestURI != two.RequestURI || one.Host != two.Host || one.Header.Get("X-Given") != two.Header.Get("X-Given") ||
					one.Header.Get("Content-Type") != two.Header.Get("Content-Type") || one.ContentLength != two.ContentLength {
					t.Fatal(one, two)
				}
				if one.Header.Get("Authorization") == two.Header.Get("Authorization") {
					t.Fatal("the same signature")
				}
			})
		}
	}
	service := refuses(t, 1, "InvalidAccessKeyId")
	client, err := oss.New("http://oss-cn-hangzhou.aliyuncs.com", secret, service.reaching())
	must(t, err)
	warm(t, made, secret)
	_, _ = client.ListBuckets(sdk.Prefix("e"))
	must(t, client.CreateBucket("another", sdk.ACL(sdk.ACLPrivate)))
	if len(service.asked) != 3 {
		t.Fatal(len(service.asked))
	}
}

func TestWhatSomebodyElseChangedIsNotSentAgain(t *testing.T) {
	made, secret := stage(t)
	service := refuses(t, 1, "InvalidAccessKeyId")
	inner := &http.Client{Transport: http.DefaultTransport}
	client, err := oss.New("http://"+service.Listener.Addr().String(), secret, sdk.HTTPClient(inner))
	must(t, err)
	if inner.Transport != http.DefaultTransport {
		t.Fatal("a client of the user's was changed")
	}
	outer := client.HTTPClient.Transport
	client.HTTPClient.Transport = changer{outer}
	bucket, err := client.Bucket("bucket")
	must(t, err)
	warm(t, made, secret)
	if err := bucket.PutObject("key", strings.NewReader("data")); codeOf(err) != "InvalidAccessKeyId" || len(service.asked) != 1 {
		t.Fatal(err, len(service.asked))
	}
	current, err := secret.Credential(t.Context())
	must(t, err)
	if strings.Contains(service.asked[0].Header.Get("Authorization"), current.AccessKeyID()) {
		t.Fatal("not refreshed")
	}
}

type changer struct{ next http.RoundTripper }

func (c changer) RoundTrip(request *http.Request) (*http.Response, error) {
	request.Header.Set("x-oss-meta-added", "1")
	return c.next.RoundTrip(request)
}

func TestOtherErrorsAreTheServicesOwn(t *testing.T) {
	t.Parallel()
	made, secret := stage(t)
	bucket := bucketOf(t, made.Ready.OSSHost, secret)
	if _, err := bucket.GetObject("none"); codeOf(err) != "NoSuchKey" && codeOf(err) != "NoSuchBucket" {
		t.Fatal(err)
	}
	service := refuses(t, 99, "InvalidAccessKeyId")
	_, err := secret.Credential(t.Context())
	must(t, err)
	made.Ask("DELETE", "/secrets/s", nil)
	err = bucketOf(t, service.Listener.Addr().String(), secret).PutObject("key", strings.NewReader("data"))
	if codeOf(err) != "InvalidAccessKeyId" || len(service.asked) > 16 {
		t.Fatal(err, len(service.asked))
	}
}

func TestTheSDKsTimeOutsAreKept(t *testing.T) {
	t.Parallel()
	_, secret := stage(t)
	var sends atomic.Int32
	service := httptest.NewServer(http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		sends.Add(1)
		<-request.Context().Done()
	}))
	defer service.Close()
	began := time.Now()
	bucket := bucketOf(t, service.Listener.Addr().String(), secret, sdk.Timeout(1, 1))
	if err := bucket.DeleteObject("key"); err == nil || time.Since(began) > 8*time.Second {
		t.Fatal(err, time.Since(began))
	}
	if sends.Load() == 0 {
		t.Fatal("nothing was sent")
	}
}

func TestByNameOfTheDefaultClient(t *testing.T) {
	made := emulator.Start(t)
	made.Ask("POST", "/secrets", map[string]any{"name": "s"})
	kmsramcred.SetConfigFile(made.File())
	t.Cleanup(func() {
		_ = kmsramcred.CloseDefault()
		kmsramcred.SetConfigFile("")
	})
	client, err := oss.NewByName("http://"+made.Ready.OSSHost, "s")
	must(t, err)
	bucket, err := client.Bucket("bucket")
	must(t, err)
	must(t, bucket.PutObject("key", strings.NewReader("data")))
	kmsramcred.SetConfigFile(filepath.Join(t.TempDir(), "missing"))
	if _, err := oss.NewByName("http://"+made.Ready.OSSHost, "s"); err == nil {
		t.Fatal("a missing file is no error")
	}
	kmsramcred.SetConfigFile(made.File())
}
