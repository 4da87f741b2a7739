//go:build cgo

package ffi

// #include <stddef.h>
// #include <stdint.h>
import "C"

import (
	"sync/atomic"
	"unsafe"
)

var logged atomic.Pointer[func(level int32, message string)]

// SetLog names the function that receives records. It runs on any thread, must not block for long and must not panic.
func SetLog(record func(level int32, message string)) {
	logged.Store(&record)
}

//export kmsramcredGoLog
func kmsramcredGoLog(_ unsafe.Pointer, level C.int32_t, message *C.char, length C.size_t) {
	if record := logged.Load(); record != nil {
		(*record)(int32(level), C.GoStringN(message, C.int(length)))
	}
}
