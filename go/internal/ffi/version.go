//go:build cgo

package ffi

/*
#include <kmsramcred.h>
#if KMSRAMCRED_ABI_VERSION != 0
#  error "kmsramcred: this Go module is for ABI 0 of the C library, and another one is installed: use the Go module of the same release"
#endif
*/
import "C"

import "fmt"

// ABI is the number that this module was compiled for.
const ABI = uint32(C.KMSRAMCRED_ABI_VERSION)

// Version is that of the loaded library.
func Version() string {
	return C.GoString(C.kmsramcred_version())
}

// CheckABI says whether the loaded library is one that this module was compiled for.
func CheckABI() error {
	return compareABI(uint32(C.kmsramcred_abi_version()), Version())
}

func compareABI(loaded uint32, version string) error {
	if loaded == ABI {
		return nil
	}
	return fmt.Errorf("kmsramcred: the loaded libkmsramcred %s has ABI %d and this program was built for ABI %d: "+
		"install the library of the release that the program was built with", version, loaded, ABI)
}
