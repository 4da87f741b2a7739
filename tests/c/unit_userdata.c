/* A userdata ends exactly once, whatever the outcome of the call that took it. */
#include "check.h"

static int calls, drops;

static void on_event(void *userdata, uint64_t generation, kmsramcred_status status) {
  (void)userdata, (void)generation, (void)status;
  calls++;
}

static void on_record(void *userdata, int32_t level, const char *message, size_t message_len) {
  (void)userdata;
  CHECK(level >= KMSRAMCRED_LOG_ERROR && level <= KMSRAMCRED_LOG_DEBUG);
  CHECK(strlen(message) == message_len);
}

static void on_drop(void *userdata) {
  CHECK(userdata == &drops);
  drops++;
}

int main(void) {
  kmsramcred_watch *watch = NULL;
  CHECK_STATUS(kmsramcred_secret_watch(NULL, on_event, &drops, on_drop, &watch, NULL), KMSRAMCRED_ERR_NULL_ARGUMENT);
  CHECK(drops == 1);
  CHECK_STATUS(kmsramcred_secret_watch(NULL, NULL, &drops, on_drop, NULL, NULL), KMSRAMCRED_ERR_NULL_ARGUMENT);
  CHECK(drops == 2);
  CHECK_STATUS(kmsramcred_log_set_callback(99, on_record, &drops, on_drop), KMSRAMCRED_ERR_INVALID_ARGUMENT);
  CHECK(drops == 3);
  CHECK_STATUS(kmsramcred_log_set_callback(KMSRAMCRED_LOG_DEBUG, on_record, &drops, on_drop), KMSRAMCRED_OK);
  CHECK(drops == 3);
  CHECK_STATUS(kmsramcred_log_set_callback(KMSRAMCRED_LOG_DEBUG, NULL, &drops, on_drop), KMSRAMCRED_OK);
  CHECK(drops == 5);
  CHECK(calls == 0);
  return check_result();
}
