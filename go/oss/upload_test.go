package oss_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	sdk "github.com/aliyun/aliyun-oss-go-sdk/oss"

	"github.com/kmsramcred/kmsramcred/go/internal/drill"
	"github.com/kmsramcred/kmsramcred/go/internal/early"
	"github.com/kmsramcred/kmsramcred/go/internal/emulator"
	"github.com/kmsramcred/kmsramcred/go/internal/osstest"
)

func TestBodiesThatCanGoBackAreSentWhole(t *testing.T) {
	made, secret := stage(t)
	all := osstest.Content()
	path := osstest.File(t, all)
	settings := map[string][]sdk.ClientOption{
		"plain": nil, "no checksum": {sdk.EnableCRC(false)}, "md5": {sdk.EnableMD5(true)},
		"slow":              {func(client *sdk.Client) { must(t, client.LimitUploadSpeed(1<<20)) }},
		"slow, no checksum": {sdk.EnableCRC(false), func(client *sdk.Client) { must(t, client.LimitUploadSpeed(1<<20)) }},
	}
	eachVersion(t, func(t *testing.T, version sdk.ClientOption) {
		for setting, options := range settings {
			bucket := bucketOf(t, made.Ready.OSSHost, secret, append(options, version)...)
			opened, err := os.Open(path)
			must(t, err)
			_, err = opened.Seek(100, io.SeekStart)
			must(t, err)
			buffer := bytes.NewBuffer(append([]byte("before"), all...))
			buffer.Next(len("before"))
			for name, body := range map[string]struct {
				io.Reader
				content []byte
			}{
				"file": {opened, all[100:]}, "bytes": {bytes.NewReader(all), all}, "strings": {strings.NewReader(string(all)), all},
				"section": {io.NewSectionReader(bytes.NewReader(all), 7, int64(len(all)-7)), all[7:]},
				"buffer":  {buffer, all}, "limited": {io.LimitReader(bytes.NewReader(all), 5<<20), all[:5<<20]},
			} {
				if setting != "plain" && (name != "file" && name != "buffer" || strings.HasSuffix(t.Name(), "V4")) {
					continue
				}
				key := t.Name() + "/" + setting + "/ä +&?/" + name
				warm(t, made, secret)
				must(t, bucket.PutObject(key, body.Reader))
				osstest.Stored(t, made, key, body.content)
			}
		}
	})
}

func TestABodyThatCannotGoBackIsNotSentTwice(t *testing.T) {
	made, secret := stage(t)
	for _, checksum := range []bool{true, false} {
		bucket := bucketOf(t, made.Ready.OSSHost, secret, sdk.EnableCRC(checksum))
		warm(t, made, secret)
		old, err := secret.CredentialNow()
		must(t, err)
		if err := bucket.PutObject("pipe", osstest.Pipe([]byte("data"))); codeOf(err) != "InvalidAccessKeyId" {
			t.Fatal(err)
		}
		if found := osstest.Object(made, "pipe"); found != nil {
			t.Fatal(found)
		}
		emulator.UntilNewer(t, secret, old.Serial())
		must(t, bucket.PutObject("pipe", osstest.Pipe([]byte("data"))))
		osstest.Stored(t, made, "pipe", []byte("data"))
		must(t, bucket.DeleteObject("pipe"))
	}
}

func TestPartsAndAppends(t *testing.T) {
	made, secret := stage(t)
	all := osstest.Content()
	path := osstest.File(t, all)
	eachVersion(t, func(t *testing.T, version sdk.ClientOption) {
		bucket := bucketOf(t, made.Ready.OSSHost, secret, version)
		key := t.Name()
		warm(t, made, secret)
		upload, err := bucket.InitiateMultipartUpload(key)
		must(t, err)
		const first = 1 << 20
		warm(t, made, secret)
		one, err := bucket.UploadPart(upload, bytes.NewReader(all[:first]), first, 1)
		must(t, err)
		warm(t, made, secret)
		two, err := bucket.UploadPartFromFile(upload, path, first, int64(len(all)-first), 2)
		must(t, err)
		warm(t, made, secret)
		_, err = bucket.CompleteMultipartUpload(upload, []sdk.UploadPart{one, two})
		must(t, err)
		osstest.Stored(t, made, key, all)

		next, err := bucket.AppendObject(key+"a", bytes.NewReader(all[:10]), 0)
		must(t, err)
		warm(t, made, secret)
		// Its checksum goes on from that of what is there.
		_, err = bucket.DoAppendObject(&sdk.AppendObjectRequest{ObjectKey: key + "a", Reader: bytes.NewReader(all[10:20]), Position: next},
			[]sdk.Option{sdk.InitCRC(crcOf(all[:10]))})
		must(t, err)
		osstest.Stored(t, made, key+"a", all[:20])
	})
}

func TestUploadFileGoesOnAcrossARotation(t *testing.T) {
	made, secret := stage(t)
	all := osstest.Content()
	bucket := bucketOf(t, made.Ready.OSSHost, secret)
	must(t, bucket.PutObject("first", strings.NewReader("")))
	rotation := &progress{at: 1 << 20, do: func() { made.Ask("POST", "/secrets/s/rotate", map[string]any{}) }}
	must(t, bucket.UploadFile("parts", osstest.File(t, all), 256<<10, sdk.Routines(3), sdk.Progress(rotation),
		sdk.Checkpoint(true, filepath.Join(t.TempDir(), "checkpoint"))))
	if !rotation.done.Load() {
		t.Fatal("nothing was rotated")
	}
	osstest.Stored(t, made, "parts", all)
	if found := drill.Fetches(made); found != 2 {
		t.Fatal(found)
	}
}

// progress does something once so many bytes have gone.
type progress struct {
	at         int64
	do         func()
	done       atomic.Bool
	last, sent atomic.Int64
}

func (p *progress) ProgressChanged(event *sdk.ProgressEvent) {
	if event.EventType == sdk.TransferDataEvent {
		p.last.Store(event.ConsumedBytes)
		p.sent.Add(event.RwBytes)
	}
	if p.do != nil && event.ConsumedBytes > p.at && p.done.CompareAndSwap(false, true) {
		p.do()
	}
}

func TestProgressBeginsAgain(t *testing.T) {
	made, secret := stage(t)
	all := osstest.Content()
	bucket := bucketOf(t, made.Ready.OSSHost, secret)
	warm(t, made, secret)
	seen := &progress{}
	must(t, bucket.PutObject("key", bytes.NewReader(all), sdk.Progress(seen)))
	if seen.last.Load() != int64(len(all)) || seen.sent.Load() <= int64(len(all)) {
		t.Fatal(seen.last.Load(), seen.sent.Load())
	}
}

func TestABodyIsRewoundOnlyAfterItsFirstSendHasEnded(t *testing.T) {
	made, secret := stage(t)
	all := osstest.Content()[:512<<10]
	service := early.Start(t)
	warm(t, made, secret)
	must(t, bucketOf(t, service.Host, secret).PutObject("key", service.Body(t, all)))
	if !bytes.Equal(<-service.Kept, all) {
		t.Fatal("another body")
	}
}

func TestManyCallersRideThroughRotations(t *testing.T) {
	t.Parallel()
	made, secret := stage(t)
	bucket := bucketOf(t, made.Ready.OSSHost, secret)
	drill.Ride(t, made, "s", func(caller int) error {
		return bucket.PutObject(string(rune('a'+caller%26)), strings.NewReader("data"))
	})
}
