//go:build !cgo

package ffi

// The name is the message: the compiler prints it.
var _ = kmsramcred_needs_cgo__set_CGO_ENABLED_to_1_and_install_a_C_compiler
