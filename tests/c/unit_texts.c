/* Texts from C: UTF-8, lengths nobody means, NULs inside, and none at all. */
#include "check.h"

static kmsramcred_config *config;

static kmsramcred_status set(const char *key, size_t key_len, const char *value, size_t value_len) {
  kmsramcred_error *error = NULL;
  kmsramcred_status status = kmsramcred_config_set(config, key, key_len, value, value_len, &error);
  CHECK((status == KMSRAMCRED_OK) == (error == NULL));
  CHECK(kmsramcred_error_status(error) == status);
  CHECK(status == KMSRAMCRED_OK || *kmsramcred_error_message(error, NULL) != '\0');
  kmsramcred_error_free(error);
  return status;
}

int main(void) {
  CHECK_STATUS(kmsramcred_config_new(&config), KMSRAMCRED_OK);

  CHECK_STATUS(set("a\xff", 2, "", 0), KMSRAMCRED_ERR_INVALID_UTF8);
  CHECK_STATUS(set("a\xc3", 2, "", 0), KMSRAMCRED_ERR_INVALID_UTF8);
  CHECK_STATUS(set("\xed\xa0\x80", 3, "", 0), KMSRAMCRED_ERR_INVALID_UTF8);
  CHECK_STATUS(set("credentials_type", 16, "a\xff", 2), KMSRAMCRED_ERR_INVALID_UTF8);

  /* The bytes beyond the limit are never touched. */
  CHECK_STATUS(set("a", SIZE_MAX, "", 0), KMSRAMCRED_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(set("a", (size_t)PTRDIFF_MAX + 1, "", 0), KMSRAMCRED_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(set("a", (1 << 20) + 1, "", 0), KMSRAMCRED_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(set("credentials_type", 16, "a", (size_t)-1), KMSRAMCRED_ERR_INVALID_ARGUMENT);

  CHECK_STATUS(set("a\0b", 3, "", 0), KMSRAMCRED_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(set(NULL, 1, "", 0), KMSRAMCRED_ERR_NULL_ARGUMENT);
  CHECK_STATUS(set("credentials_type", 16, NULL, 1), KMSRAMCRED_ERR_NULL_ARGUMENT);

  /* A path is bytes, not text; it may be absent, but not empty. */
  CHECK_STATUS(kmsramcred_config_load_file(config, "", 0, NULL), KMSRAMCRED_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(kmsramcred_config_load_file(config, "a\0b", 3, NULL), KMSRAMCRED_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(kmsramcred_config_load_file(config, "a", SIZE_MAX, NULL), KMSRAMCRED_ERR_INVALID_ARGUMENT);

  CHECK_STATUS(kmsramcred_config_set_static_source(config, "\xff", 1, "s", 1, NULL, 0, NULL),
               KMSRAMCRED_ERR_INVALID_UTF8);
  CHECK_STATUS(kmsramcred_config_set_static_source(config, "i", 1, "\xff", 1, NULL, 0, NULL),
               KMSRAMCRED_ERR_INVALID_UTF8);
  CHECK_STATUS(kmsramcred_config_set_static_source(config, "i", 1, "s", 1, NULL, 1, NULL),
               KMSRAMCRED_ERR_NULL_ARGUMENT);

  kmsramcred_config_free(config);
  return check_result();
}
