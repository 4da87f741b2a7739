//go:build cgo

package ffi

/*
#include <kmsramcred.h>

extern void kmsramcredGoLog(void *userdata, int32_t level, char *message, size_t message_len);

static kmsramcred_status kmsramcred_go_log_to_go(void) {
  return kmsramcred_log_set_callback(KMSRAMCRED_LOG_DEBUG, (kmsramcred_log_fn)kmsramcredGoLog, NULL, NULL);
}
*/
import "C"

// LogToGo hands every record of the library to the function given to SetLog. Once for a process.
func LogToGo() *Fault {
	return taken(C.kmsramcred_go_log_to_go(), nil)
}
