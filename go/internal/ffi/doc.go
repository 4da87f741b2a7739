// Package ffi is the only place that calls the C library. It owns every C handle, translates texts, times and errors,
// and decides nothing.
//
// A handle is a Go object around a C pointer. It is freed when nobody can reach the Go object any more, never before:
// closing a client stops its work and leaves the handle readable. So no call can meet a freed handle, and every function
// here keeps its Go object alive until C has returned.
package ffi
