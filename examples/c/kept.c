#include "kept.h"

#include <time.h>

struct kept kept_open(const kmsramcred_secret *secret) {
  return (struct kept){.secret = secret, .word = kmsramcred_secret_generation(secret)};
}

void kept_close(struct kept *kept) {
  kmsramcred_credential_free(kept->credential);
  kept->credential = NULL;
}

kmsramcred_status kept_renew(struct kept *kept, uint64_t timeout_ms, kmsramcred_error **error_out) {
  kmsramcred_credential *fresh = NULL;
  kmsramcred_status status = kmsramcred_secret_acquire(kept->secret, timeout_ms, &fresh, error_out);
  if (status != KMSRAMCRED_OK) return status;
  kmsramcred_credential_free(kept->credential);
  kept->credential = fresh;
  /* The generation inside the credential, not a second look at the word, which may have moved since. */
  kept->generation = kmsramcred_credential_generation(fresh);
  kept->not_after_ms = kmsramcred_credential_not_after_unix_ms(fresh);
  return KMSRAMCRED_OK;
}

int64_t now_unix_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
