//go:build cgo && kmsramcred_static

package ffi

// #cgo pkg-config: kmsramcred-static
import "C"
