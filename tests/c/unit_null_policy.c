/* NULL everywhere: a status, a neutral value, or nothing at all; never a crash. */
#include "check.h"

#define NEVER_WRITTEN 77

static const char *text(const char *got, size_t length) {
  CHECK(length == 0);
  return got;
}

/* A getter of a text given NULL gives "" and length 0. */
#define CHECK_TEXT(getter, handle)              \
  do {                                          \
    size_t length = NEVER_WRITTEN;              \
    const char *got = getter(handle, &length);  \
    CHECK(got != NULL && *text(got, length) == '\0'); \
    CHECK(getter(handle, NULL) != NULL);        \
  } while (0)

static void library_and_errors(void) {
  CHECK(kmsramcred_version_number() != 0);
  CHECK(kmsramcred_abi_version() == KMSRAMCRED_ABI_VERSION);
  CHECK(kmsramcred_version() != NULL);
  CHECK(kmsramcred_status_name(0) != NULL);

  CHECK(kmsramcred_error_status(NULL) == 0);
  CHECK_TEXT(kmsramcred_error_message, NULL);
  CHECK_TEXT(kmsramcred_error_advice, NULL);
  CHECK_TEXT(kmsramcred_error_text, NULL);
  CHECK_TEXT(kmsramcred_error_kms_code, NULL);
  CHECK_TEXT(kmsramcred_error_request_id, NULL);
  CHECK(kmsramcred_error_http_status(NULL) == 0);
  CHECK(!kmsramcred_error_is_retryable(NULL));
  CHECK(kmsramcred_error_retry_after_ms(NULL) == 0);
  CHECK(kmsramcred_error_cause(NULL) == NULL);
  kmsramcred_error_free(NULL);
}

static void settings(void) {
  kmsramcred_error *error = NULL;
  CHECK_STATUS(kmsramcred_config_new(NULL), KMSRAMCRED_ERR_NULL_ARGUMENT);
  CHECK_STATUS(kmsramcred_config_load_env(NULL, NULL), KMSRAMCRED_ERR_NULL_ARGUMENT);
  CHECK_STATUS(kmsramcred_config_load_file(NULL, NULL, 0, NULL), KMSRAMCRED_ERR_NULL_ARGUMENT);
  CHECK_STATUS(kmsramcred_config_set(NULL, NULL, 0, NULL, 0, NULL), KMSRAMCRED_ERR_NULL_ARGUMENT);
  CHECK_STATUS(kmsramcred_config_set_static_source(NULL, NULL, 0, NULL, 0, NULL, 0, &error),
               KMSRAMCRED_ERR_NULL_ARGUMENT);
  CHECK(error != NULL);
  CHECK(kmsramcred_error_status(error) == KMSRAMCRED_ERR_NULL_ARGUMENT);
  CHECK(strcmp(kmsramcred_error_message(error, NULL), "config is NULL.") == 0);
  CHECK(*kmsramcred_error_advice(error, NULL) != '\0');
  CHECK(strstr(kmsramcred_error_text(error, NULL), "config is NULL.") != NULL);
  CHECK(!kmsramcred_error_is_retryable(error));
  CHECK(kmsramcred_error_cause(error) == NULL);
  kmsramcred_error_free(error);
  kmsramcred_config_free(NULL);

  kmsramcred_config *config = NULL;
  CHECK_STATUS(kmsramcred_config_new(&config), KMSRAMCRED_OK);
  CHECK_STATUS(kmsramcred_config_set(config, NULL, 3, NULL, 0, NULL), KMSRAMCRED_ERR_NULL_ARGUMENT);
  CHECK_STATUS(kmsramcred_config_load_file(config, NULL, 3, NULL), KMSRAMCRED_ERR_NULL_ARGUMENT);
  CHECK_STATUS(kmsramcred_client_new(config, NULL, NULL), KMSRAMCRED_ERR_NULL_ARGUMENT);
  kmsramcred_config_free(config);
}

static void clients(void) {
  int somewhere;
  kmsramcred_client *client = (kmsramcred_client *)(void *)&somewhere;
  kmsramcred_error *error = (kmsramcred_error *)(void *)&somewhere;
  kmsramcred_stats stats = {.struct_size = sizeof stats, .kms_requests = NEVER_WRITTEN};
  size_t length = NEVER_WRITTEN;
  CHECK_STATUS(kmsramcred_client_new(NULL, &client, &error), KMSRAMCRED_ERR_NULL_ARGUMENT);
  CHECK(client == NULL);
  CHECK(error != (kmsramcred_error *)(void *)&somewhere);
  kmsramcred_error_free(error);
  CHECK_STATUS(kmsramcred_client_stats(NULL, &stats), KMSRAMCRED_ERR_NULL_ARGUMENT);
  CHECK_STATUS(kmsramcred_client_stats(NULL, NULL), KMSRAMCRED_ERR_NULL_ARGUMENT);
  CHECK(stats.kms_requests == NEVER_WRITTEN);
  CHECK_STATUS(kmsramcred_client_explain(NULL, NULL, 0, &length), KMSRAMCRED_ERR_NULL_ARGUMENT);
  CHECK(length == NEVER_WRITTEN);
  CHECK_STATUS(kmsramcred_client_close(NULL, 0), KMSRAMCRED_ERR_NULL_ARGUMENT);
  kmsramcred_client_free(NULL);
}

static void ignore_event(void *userdata, uint64_t generation, kmsramcred_status status) {
  (void)userdata, (void)generation, (void)status;
}

static void secrets(void) {
  int somewhere;
  kmsramcred_secret *secret = (kmsramcred_secret *)(void *)&somewhere;
  kmsramcred_credential *credential = (kmsramcred_credential *)(void *)&somewhere;
  kmsramcred_watch *watch = (kmsramcred_watch *)(void *)&somewhere;
  int32_t verdict = NEVER_WRITTEN;
  uint64_t wait = NEVER_WRITTEN;
  size_t length = NEVER_WRITTEN;
  CHECK_STATUS(kmsramcred_secret_open(NULL, "a", 1, &secret, NULL), KMSRAMCRED_ERR_NULL_ARGUMENT);
  CHECK(secret == NULL);
  CHECK(kmsramcred_secret_generation(NULL) != NULL);
  CHECK(kmsramcred_generation_load(kmsramcred_secret_generation(NULL)) == 0);
  CHECK_STATUS(kmsramcred_secret_acquire(NULL, 0, &credential, NULL), KMSRAMCRED_ERR_NULL_ARGUMENT);
  CHECK(credential == NULL);
  CHECK_STATUS(kmsramcred_secret_acquire(NULL, 0, NULL, NULL), KMSRAMCRED_ERR_NULL_ARGUMENT);
  char copied[4] = "abc";
  uint64_t generation = NEVER_WRITTEN;
  int64_t not_after = NEVER_WRITTEN;
  CHECK_STATUS(kmsramcred_secret_copy(NULL, 0, copied, 4, &length, copied, 4, NULL, copied, 4, NULL, &wait, &generation,
                                      &not_after, NULL), KMSRAMCRED_ERR_NULL_ARGUMENT);
  CHECK(length == 0 && strcmp(copied, "abc") == 0);
  CHECK(wait == NEVER_WRITTEN && generation == NEVER_WRITTEN && not_after == NEVER_WRITTEN);
  CHECK_STATUS(kmsramcred_secret_copy(NULL, 0, NULL, 0, NULL, NULL, 0, NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL),
               KMSRAMCRED_ERR_NULL_ARGUMENT);
  length = NEVER_WRITTEN;
  CHECK_STATUS(kmsramcred_secret_report_failure(NULL, 1, "Ecs", 3, "h", 1, NULL, 0, 403, 1, 0, &verdict, &wait, NULL),
               KMSRAMCRED_ERR_NULL_ARGUMENT);
  CHECK(verdict == NEVER_WRITTEN && wait == NEVER_WRITTEN);
  CHECK_STATUS(kmsramcred_secret_report_failure(NULL, 1, NULL, 0, NULL, 0, NULL, 0, 0, 0, 0, NULL, NULL, NULL),
               KMSRAMCRED_ERR_NULL_ARGUMENT);
  CHECK(!kmsramcred_secret_is_about_the_key(NULL, "Ecs", 3, NULL, 0, 403));
  kmsramcred_secret_report_success(NULL, 1);
  CHECK_STATUS(kmsramcred_secret_refresh(NULL, 0, NULL), KMSRAMCRED_ERR_NULL_ARGUMENT);
  CHECK_STATUS(kmsramcred_secret_explain(NULL, NULL, 0, &length), KMSRAMCRED_ERR_NULL_ARGUMENT);
  CHECK(length == NEVER_WRITTEN);
  CHECK_STATUS(kmsramcred_secret_watch(NULL, ignore_event, NULL, NULL, &watch, NULL), KMSRAMCRED_ERR_NULL_ARGUMENT);
  CHECK(watch == NULL);
  kmsramcred_watch_free(NULL);
  kmsramcred_secret_free(NULL);
}

static void credentials(void) {
  CHECK_TEXT(kmsramcred_credential_access_key_id, NULL);
  CHECK_TEXT(kmsramcred_credential_access_key_secret, NULL);
  CHECK_TEXT(kmsramcred_credential_security_token, NULL);
  CHECK_TEXT(kmsramcred_credential_version_id, NULL);
  CHECK(kmsramcred_credential_serial(NULL) == 0);
  CHECK(kmsramcred_credential_generation(NULL) == 0);
  CHECK(kmsramcred_credential_fetched_at_unix_ms(NULL) == 0);
  CHECK(kmsramcred_credential_not_after_unix_ms(NULL) == 0);
  CHECK(!kmsramcred_credential_is_accepted(NULL));
  CHECK(kmsramcred_credential_clone(NULL) == NULL);
  kmsramcred_credential_free(NULL);
}

static void signatures(void) {
  int somewhere;
  kmsramcred_signed *signed_request = (kmsramcred_signed *)(void *)&somewhere;
  kmsramcred_error *error = NULL;
  kmsramcred_request request = {.struct_size = sizeof request, .family = KMSRAMCRED_FAMILY_RPC_V1};
  CHECK_STATUS(kmsramcred_secret_sign(NULL, &request, 0, &signed_request, NULL), KMSRAMCRED_ERR_NULL_ARGUMENT);
  CHECK(signed_request == NULL);
  CHECK_STATUS(kmsramcred_secret_sign(NULL, NULL, 0, NULL, &error), KMSRAMCRED_ERR_NULL_ARGUMENT);
  CHECK(error != NULL);
  kmsramcred_error_free(error);
  signed_request = (kmsramcred_signed *)(void *)&somewhere;
  CHECK_STATUS(kmsramcred_credential_sign(NULL, &request, &signed_request, NULL), KMSRAMCRED_ERR_NULL_ARGUMENT);
  CHECK(signed_request == NULL);
  CHECK_STATUS(kmsramcred_credential_sign(NULL, NULL, NULL, NULL), KMSRAMCRED_ERR_NULL_ARGUMENT);
  CHECK(kmsramcred_signed_serial(NULL) == 0);
  CHECK(kmsramcred_signed_header_count(NULL) == 0);
  CHECK(*kmsramcred_signed_header_name(NULL, 0, NULL) == '\0');
  CHECK(*kmsramcred_signed_header_value(NULL, 0, NULL) == '\0');
  CHECK_TEXT(kmsramcred_signed_query, NULL);
  CHECK_TEXT(kmsramcred_signed_target, NULL);
  kmsramcred_signed_free(NULL);
}

int main(void) {
  library_and_errors();
  settings();
  clients();
  secrets();
  credentials();
  signatures();
  /* Last, because it is about the whole process. */
  CHECK_STATUS(kmsramcred_log_set_callback(0, NULL, NULL, NULL), KMSRAMCRED_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(kmsramcred_log_set_callback(KMSRAMCRED_LOG_INFO, NULL, NULL, NULL), KMSRAMCRED_OK);
  return check_result();
}
