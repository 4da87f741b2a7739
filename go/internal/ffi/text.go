//go:build cgo

package ffi

// #include <kmsramcred.h>
import "C"

import "unsafe"

// An argument is a pointer and a length; the bytes of a Go string go to C as they are, without a copy.
func text(s string) (*C.char, C.size_t) {
	return (*C.char)(unsafe.Pointer(unsafe.StringData(s))), C.size_t(len(s))
}

// empty is a text that is there and has no bytes, which NULL is not.
var empty = [1]C.char{}

// present is a text that may be empty and is never NULL.
func present(s string) (*C.char, C.size_t) {
	if s == "" {
		return &empty[0], 0
	}
	return text(s)
}

// grown asks for a text whose length may change between two questions.
func grown(ask func(buffer *C.char, room C.size_t, length *C.size_t) C.kmsramcred_status) (string, *Fault) {
	for room := C.size_t(4096); ; {
		buffer := make([]byte, room)
		var length C.size_t
		status := ask((*C.char)(unsafe.Pointer(&buffer[0])), room, &length)
		if status == C.KMSRAMCRED_OK {
			return string(buffer[:length]), nil
		}
		if status != C.KMSRAMCRED_ERR_INVALID_ARGUMENT || length < room {
			return "", taken(status, nil)
		}
		room = length + length/4 + 1
	}
}
