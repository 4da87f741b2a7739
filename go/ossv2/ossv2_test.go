package ossv2_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss"

	"github.com/kmsramcred/kmsramcred/go"
	"github.com/kmsramcred/kmsramcred/go/internal/drill"
	"github.com/kmsramcred/kmsramcred/go/internal/early"
	"github.com/kmsramcred/kmsramcred/go/internal/emulator"
	"github.com/kmsramcred/kmsramcred/go/internal/osstest"
	"github.com/kmsramcred/kmsramcred/go/ossv2"
)

func TestBodiesThatCanSeekAreSentWhole(t *testing.T) {
	made, secret := stage(t)
	all := osstest.Content()
	path := osstest.File(t, all)
	eachVersion(t, func(t *testing.T, version oss.SignatureVersionType) {
		client := oss.NewClient(config(made.Ready.OSSHost, version), ossv2.Follow(secret))
		opened, err := os.Open(path)
		must(t, err)
		defer opened.Close()
		_, err = opened.Seek(100, io.SeekStart)
		must(t, err)
		for key, body := range map[string]struct {
			io.Reader
			skip int
		}{
			"file": {opened, 100}, "bytes": {bytes.NewReader(all), 0}, "strings": {strings.NewReader(string(all)), 0},
			"section": {io.NewSectionReader(bytes.NewReader(all), 7, int64(len(all)-7)), 7},
		} {
			warm(t, made, secret)
			must(t, put(t.Context(), client, key+t.Name()[len(t.Name())-2:], body.Reader))
			osstest.Stored(t, made, key+t.Name()[len(t.Name())-2:], all[body.skip:])
		}
	})
}

func TestABodyThatCannotSeekIsNotSentTwice(t *testing.T) {
	made, secret := stage(t)
	client := client(made, secret)
	warm(t, made, secret)
	old, err := secret.CredentialNow()
	must(t, err)
	if err := put(t.Context(), client, "pipe", osstest.Pipe([]byte("data"))); codeOf(err) != "InvalidAccessKeyId" {
		t.Fatal(err)
	}
	if found := osstest.Object(made, "pipe"); found != nil {
		t.Fatal(found)
	}
	emulator.UntilNewer(t, secret, old.Serial())
	must(t, put(t.Context(), client, "pipe", osstest.Pipe([]byte("data"))))
	osstest.Stored(t, made, "pipe", []byte("data"))
}

func TestUploadsInPartsGoOnAcrossARotation(t *testing.T) {
	made, secret := stage(t)
	all := osstest.Content()
	client := client(made, secret)
	must(t, put(t.Context(), client, "first", strings.NewReader("")))
	var once atomic.Bool
	_, err := client.NewUploader().UploadFile(t.Context(), &oss.PutObjectRequest{
		Bucket: oss.Ptr(bucket), Key: oss.Ptr("parts"),
		ProgressFn: func(_, transferred, _ int64) {
			if transferred > 1<<20 && once.CompareAndSwap(false, true) {
				made.Ask("POST", "/secrets/s/rotate", map[string]any{})
			}
		},
	}, osstest.File(t, all), func(options *oss.UploaderOptions) { options.PartSize, options.ParallelNum = 256<<10, 3 })
	must(t, err)
	if !once.Load() {
		t.Fatal("nothing was rotated")
	}
	osstest.Stored(t, made, "parts", all)
	if found := drill.Fetches(made); found != 2 {
		t.Fatal(found)
	}
}

func TestDownloadsHeadsAndLists(t *testing.T) {
	made, secret := stage(t)
	all := osstest.Content()
	eachVersion(t, func(t *testing.T, version oss.SignatureVersionType) {
		client := oss.NewClient(config(made.Ready.OSSHost, version), ossv2.Follow(secret))
		must(t, put(t.Context(), client, "key", bytes.NewReader(all)))
		warm(t, made, secret)
		if !bytes.Equal(get(t, client, "key"), all) {
			t.Fatal("other content")
		}
		warm(t, made, secret)
		head, err := client.HeadObject(t.Context(), &oss.HeadObjectRequest{Bucket: oss.Ptr(bucket), Key: oss.Ptr("key")})
		must(t, err)
		warm(t, made, secret)
		list, err := client.ListObjectsV2(t.Context(), &oss.ListObjectsV2Request{Bucket: oss.Ptr(bucket)})
		must(t, err)
		if head.ContentLength != int64(len(all)) || len(list.Contents) != 1 {
			t.Fatal(head.ContentLength, list.Contents)
		}
		warm(t, made, secret)
		path := filepath.Join(t.TempDir(), "down")
		_, err = client.NewDownloader().DownloadFile(t.Context(), &oss.GetObjectRequest{Bucket: oss.Ptr(bucket), Key: oss.Ptr("key")}, path,
			func(options *oss.DownloaderOptions) { options.PartSize = 1 << 20 })
		must(t, err)
		if down, err := os.ReadFile(path); err != nil || !bytes.Equal(down, all) {
			t.Fatal(err, len(down))
		}
	})
}

func TestSignedURLsAreOfTheCurrentKey(t *testing.T) {
	made, secret := stage(t)
	eachVersion(t, func(t *testing.T, version oss.SignatureVersionType) {
		client := oss.NewClient(config(made.Ready.OSSHost, version), ossv2.Follow(secret))
		must(t, put(t.Context(), client, "key", strings.NewReader("data")))
		warm(t, made, secret)
		must(t, put(t.Context(), client, "key", strings.NewReader("data")))
		signed, err := client.Presign(t.Context(), &oss.GetObjectRequest{Bucket: oss.Ptr(bucket), Key: oss.Ptr("key")},
			oss.PresignExpires(time.Minute))
		must(t, err)
		answer, err := http.Get(signed.URL)
		must(t, err)
		defer answer.Body.Close()
		if got, err := io.ReadAll(answer.Body); err != nil || string(got) != "data" {
			t.Fatal(err, string(got))
		}
	})
}

func TestRefusalsAreNoAttemptsOfTheSDK(t *testing.T) {
	made, secret := stage(t)
	given := config(made.Ready.OSSHost, oss.SignatureVersionV4).WithRetryMaxAttempts(1)
	client := oss.NewClient(given, ossv2.Follow(secret))
	warm(t, made, secret)
	must(t, put(t.Context(), client, "key", strings.NewReader("data")))
	osstest.Stored(t, made, "key", []byte("data"))
	current, err := secret.CredentialNow()
	must(t, err)
	if !current.Accepted() {
		t.Fatal("its success was not reported")
	}
}

func TestProgressAndChecksumBeginAgain(t *testing.T) {
	made, secret := stage(t)
	all := osstest.Content()
	client := client(made, secret)
	warm(t, made, secret)
	var last int64
	_, err := client.PutObject(t.Context(), &oss.PutObjectRequest{
		Bucket: oss.Ptr(bucket), Key: oss.Ptr("key"), Body: bytes.NewReader(all),
		ProgressFn: func(_, transferred, _ int64) { last = transferred },
	})
	must(t, err)
	if last != int64(len(all)) {
		t.Fatal(last)
	}
	osstest.Stored(t, made, "key", all)
}

func TestATokenComesAndGoesWithItsKey(t *testing.T) {
	made := emulator.Start(t)
	secret := made.Secret(made.Open(), map[string]any{"name": "s", "security_token": "tok", "expire_seconds": 600})
	eachVersion(t, func(t *testing.T, version oss.SignatureVersionType) {
		client := oss.NewClient(config(made.Ready.OSSHost, version), ossv2.Follow(secret))
		must(t, put(t.Context(), client, "key", strings.NewReader("data")))
		warm(t, made, secret)
		must(t, put(t.Context(), client, "key", strings.NewReader("data")))
	})
}

func TestOtherErrorsAndTheSDKsRetriesAreAsBefore(t *testing.T) {
	made, secret := stage(t)
	_, err := client(made, secret).GetObject(t.Context(), &oss.GetObjectRequest{Bucket: oss.Ptr(bucket), Key: oss.Ptr("none")})
	if code := codeOf(err); code != "NoSuchKey" && code != "NoSuchBucket" {
		t.Fatal(err)
	}
	var bodies []string
	service := httptest.NewServer(http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		body, _ := io.ReadAll(request.Body)
		bodies = append(bodies, string(body))
		if len(bodies) < 3 {
			answer.WriteHeader(503)
			_, _ = io.WriteString(answer, "<Error><Code>ServiceUnavailable</Code></Error>")
		}
	}))
	defer service.Close()
	given := config(strings.TrimPrefix(service.URL, "http://"), oss.SignatureVersionV4)
	given.DisableUploadCRC64Check = oss.Ptr(true)
	must(t, put(t.Context(), oss.NewClient(given, ossv2.Follow(secret)), "key", strings.NewReader("data")))
	if strings.Join(bodies, " ") != "data data data" {
		t.Fatal(bodies)
	}
}

func TestARefusalWithoutANewerKeyIsTheServicesOwn(t *testing.T) {
	made, secret := stage(t)
	_, err := secret.Credential(t.Context())
	must(t, err)
	made.Ask("DELETE", "/secrets/s", nil)
	var sends atomic.Int32
	service := httptest.NewServer(http.HandlerFunc(func(answer http.ResponseWriter, _ *http.Request) {
		sends.Add(1)
		answer.WriteHeader(403)
		_, _ = io.WriteString(answer, "<Error><Code>InvalidAccessKeyId</Code><Message>m</Message></Error>")
	}))
	defer service.Close()
	client := oss.NewClient(config(strings.TrimPrefix(service.URL, "http://"), oss.SignatureVersionV4), ossv2.Follow(secret))
	if err := put(t.Context(), client, "key", strings.NewReader("data")); codeOf(err) != "InvalidAccessKeyId" {
		t.Fatal(err)
	}
	if sends.Load() > 16 {
		t.Fatal(sends.Load())
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := put(ctx, client, "key", strings.NewReader("data")); err == nil {
		t.Fatal("sent for nobody")
	}
}

func TestABodyIsRewoundOnlyAfterItsFirstSendHasEnded(t *testing.T) {
	made, secret := stage(t)
	all := osstest.Content()[:512<<10]
	service := early.Start(t)
	given := config(service.Host, oss.SignatureVersionV4)
	given.DisableUploadCRC64Check = oss.Ptr(true)
	warm(t, made, secret)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	must(t, put(ctx, oss.NewClient(given, ossv2.Follow(secret)), "key", service.Body(t, all)))
	if !bytes.Equal(<-service.Kept, all) {
		t.Fatal("another body")
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
	follow, err := ossv2.FollowByName("s")
	must(t, err)
	client := oss.NewClient(config(made.Ready.OSSHost, oss.SignatureVersionV4), follow)
	must(t, put(t.Context(), client, "key", strings.NewReader("data")))
}

func TestManyCallersRideThroughRotations(t *testing.T) {
	made, secret := stage(t)
	client := client(made, secret)
	drill.Ride(t, made, "s", func(caller int) error {
		return put(context.Background(), client, string(rune('a'+caller%26)), strings.NewReader("data"))
	})
}
