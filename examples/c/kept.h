/* A credential that is kept between calls: one load and one compare when nothing has changed. */
#ifndef KEPT_H
#define KEPT_H
#include <kmsramcred.h>

struct kept {
  const kmsramcred_secret *secret;
  const uint64_t *word;             /* kmsramcred_secret_generation(secret) */
  kmsramcred_credential *credential;
  uint64_t generation;
  int64_t not_after_ms;             /* 0 for a plain AccessKey: then no clock is read */
};

struct kept kept_open(const kmsramcred_secret *secret);
void kept_close(struct kept *kept);

/* Acquires, because what is kept may be out of date. */
kmsramcred_status kept_renew(struct kept *kept, uint64_t timeout_ms, kmsramcred_error **error_out);

int64_t now_unix_ms(void);

/* Makes `kept->credential` the current one. */
static inline kmsramcred_status kept_acquire(struct kept *kept, uint64_t timeout_ms, kmsramcred_error **error_out) {
  if (kept->credential != NULL && kmsramcred_generation_load(kept->word) == kept->generation &&
      (kept->not_after_ms == 0 || now_unix_ms() < kept->not_after_ms)) {
    return KMSRAMCRED_OK;
  }
  return kept_renew(kept, timeout_ms, error_out);
}

#endif
