package oss

import (
	"bytes"
	"io"
	"reflect"
	"strings"
	"unsafe"

	sdk "github.com/aliyun/aliyun-oss-go-sdk/oss"
)

// rewinder notes where a body begins and gives what takes it back there, with the checksum and the progress that the SDK
// counts while it is read; nil where it cannot go back. The SDK wraps bodies in types of its own that show nothing: one that it
// might get in another version is a body that cannot go back.
func rewinder(body io.Reader) func() error {
	switch reader := body.(type) {
	case nil:
		return func() error { return nil }
	case *bytes.Buffer:
		// Reading writes nothing into its memory.
		return restorer(reader)
	case *io.LimitedReader:
		return both(known(reader.R), restorer(reader))
	case *sdk.LimitedReadCloser:
		return both(known(reader.R), restorer(reader))
	case *sdk.LimitSpeedReader:
		return known(hidden[io.Reader](reader, "reader"))
	case io.Seeker:
		start, err := reader.Seek(0, io.SeekCurrent)
		if err != nil {
			return nil
		}
		return func() error {
			_, err := reader.Seek(start, io.SeekStart)
			return err
		}
	}
	kind := reflect.TypeOf(body)
	switch {
	case kind.PkgPath() == "io" && strings.HasPrefix(kind.Name(), "nopCloser"):
		inner, _ := reflect.ValueOf(body).Field(0).Interface().(io.Reader)
		return known(inner)
	case kind.Kind() == reflect.Pointer && kind.Elem().Name() == "teeReader" && kind.Elem().PkgPath() == sdkPath:
		sum := hidden[io.Writer](body, "writer")
		if sum == nil {
			return nil
		}
		return both(both(known(hidden[io.Reader](body, "reader")), restorer(sum)), restorer(body))
	}
	return nil
}

var sdkPath = reflect.TypeFor[sdk.Client]().PkgPath()

// known is rewinder for what is inside something else: nothing there is not an empty body.
func known(inner io.Reader) func() error {
	if inner == nil {
		return nil
	}
	return rewinder(inner)
}

func both(first, second func() error) func() error {
	if first == nil || second == nil {
		return nil
	}
	return func() error {
		if err := first(); err != nil {
			return err
		}
		return second()
	}
}

// restorer gives what makes the thing pointed to as it is now.
func restorer(pointer any) func() error {
	if reflect.TypeOf(pointer).Kind() != reflect.Pointer {
		return nil
	}
	now := reflect.ValueOf(pointer).Elem()
	saved := reflect.New(now.Type()).Elem()
	saved.Set(now)
	return func() error {
		now.Set(saved)
		return nil
	}
}

// hidden is an unexported field of the thing pointed to; nil if there is none of this type.
func hidden[T any](pointer any, name string) T {
	var nothing T
	field := reflect.ValueOf(pointer).Elem().FieldByName(name)
	if !field.IsValid() || field.Type() != reflect.TypeFor[T]() {
		return nothing
	}
	return *(*T)(unsafe.Pointer(field.UnsafeAddr()))
}
