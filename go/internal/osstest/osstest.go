// Package osstest has what the tests of both OSS adapters upload, and how they look at what arrived.
package osstest

import (
	"bytes"
	"fmt"
	"hash/crc64"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/kmsramcred/kmsramcred/go/internal/emulator"
)

// Content is of a size that no buffer on its way swallows whole.
func Content() []byte {
	made := make([]byte, 6<<20+17)
	_, _ = rand.NewChaCha8([32]byte{}).Read(made)
	return made
}

// File holds the content until the test is over.
func File(t *testing.T, content []byte) string {
	path := filepath.Join(t.TempDir(), "file")
	emulator.Must(t, os.WriteFile(path, content, 0o600))
	return path
}

// Stored fails the test unless the object is there, whole.
func Stored(t *testing.T, made *emulator.Emulator, key string, content []byte) {
	t.Helper()
	found := Object(made, key)
	sum := fmt.Sprint(crc64.Checksum(content, crc64.MakeTable(crc64.ECMA)))
	if found == nil || found["size"] != float64(len(content)) || found["crc64"] != sum {
		t.Fatalf("%s: %v, not %d bytes with %s", key, found, len(content), sum)
	}
}

// Object is what the emulator says of an object; nil if there is none.
func Object(made *emulator.Emulator, key string) map[string]any {
	for _, found := range made.Ask("GET", "/objects", nil)["objects"].([]any) {
		if object := found.(map[string]any); object["key"] == key {
			return object
		}
	}
	return nil
}

// Pipe is a reader and nothing else.
func Pipe(content []byte) io.Reader { return struct{ io.Reader }{bytes.NewReader(content)} }
