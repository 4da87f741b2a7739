/* After close everything that could need KMS answers CLOSED; what only reads goes on. No gateway is needed: the one named
 * here is a port where nobody listens. */
#include "check.h"
#include <stdlib.h>

static int drops;

static void on_event(void *userdata, uint64_t generation, kmsramcred_status status) {
  (void)userdata, (void)generation, (void)status;
}

static void on_drop(void *userdata) {
  (void)userdata;
  drops++;
}

static kmsramcred_client *new_client(void) {
  static const char regions[] = "[{\"regionId\":\"cn-hangzhou\",\"endpoint\":\"127.0.0.1:1\"}]";
  kmsramcred_config *config = NULL;
  kmsramcred_client *client = NULL;
  kmsramcred_error *error = NULL;
  CHECK_STATUS(kmsramcred_config_new(&config), KMSRAMCRED_OK);
  CHECK_STATUS(kmsramcred_config_set_static_source(config, "id", 2, "secret", 6, NULL, 0, NULL), KMSRAMCRED_OK);
  CHECK_STATUS(kmsramcred_config_set(config, "cache_client_region_id", 22, regions, sizeof regions - 1, NULL),
               KMSRAMCRED_OK);
  CHECK_STATUS(kmsramcred_client_new(config, &client, &error), KMSRAMCRED_OK);
  CHECK(error == NULL);
  if (client == NULL) {
    fprintf(stderr, "no client: %s\n", kmsramcred_error_text(error, NULL));
    exit(1);
  }
  kmsramcred_config_free(config);
  return client;
}

static void check_explain(const kmsramcred_client *client, const kmsramcred_secret *secret) {
  size_t length = 0;
  char text[65536], small[2] = "xy";
  CHECK_STATUS(kmsramcred_client_explain(client, NULL, 0, &length), KMSRAMCRED_OK);
  CHECK(length > 2);
  CHECK_STATUS(kmsramcred_client_explain(client, small, sizeof small, &length), KMSRAMCRED_ERR_INVALID_ARGUMENT);
  CHECK(length > 2 && small[0] == 'x' && small[1] == 'y');
  CHECK_STATUS(kmsramcred_client_explain(client, text, sizeof text, &length), KMSRAMCRED_OK);
  CHECK(strlen(text) == length && text[0] == '{');
  CHECK_STATUS(kmsramcred_secret_explain(secret, text, sizeof text, &length), KMSRAMCRED_OK);
  CHECK(strlen(text) == length && text[0] == '{');
  CHECK_STATUS(kmsramcred_secret_explain(secret, NULL, 1, &length), KMSRAMCRED_ERR_NULL_ARGUMENT);
}

static void check_stats(const kmsramcred_client *client) {
  struct {
    kmsramcred_stats stats;
    uint64_t of_a_later_version;
  } roomy = {{.struct_size = sizeof roomy}, 77};
  CHECK_STATUS(kmsramcred_client_stats(client, &roomy.stats), KMSRAMCRED_OK);
  CHECK(roomy.stats.struct_size == sizeof roomy.stats && roomy.of_a_later_version == 77);
  roomy.stats.struct_size = sizeof(size_t);
  roomy.stats.kms_requests = 77;
  CHECK_STATUS(kmsramcred_client_stats(client, &roomy.stats), KMSRAMCRED_ERR_INVALID_ARGUMENT);
  CHECK(roomy.stats.kms_requests == 77);
}

int main(void) {
  kmsramcred_client *client = new_client();
  kmsramcred_secret *secret = NULL, *other = NULL;
  kmsramcred_credential *credential = NULL;
  kmsramcred_watch *watch = NULL;
  kmsramcred_error *error = NULL;
  int32_t verdict = -1;
  uint64_t wait = 1;

  CHECK_STATUS(kmsramcred_secret_open(client, NULL, 0, &secret, NULL), KMSRAMCRED_ERR_NULL_ARGUMENT);
  CHECK_STATUS(kmsramcred_secret_open(client, "", 0, &secret, NULL), KMSRAMCRED_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(kmsramcred_secret_open(client, "\xff", 1, &secret, NULL), KMSRAMCRED_ERR_INVALID_UTF8);
  CHECK_STATUS(kmsramcred_secret_open(client, "orders", 6, &secret, NULL), KMSRAMCRED_OK);
  CHECK(kmsramcred_secret_generation(secret) != NULL);

  /* Nothing is cached and nobody waits. */
  CHECK_STATUS(kmsramcred_secret_acquire(secret, 0, &credential, &error), KMSRAMCRED_ERR_NOT_READY);
  CHECK(credential == NULL && kmsramcred_error_is_retryable(error));
  kmsramcred_error_free(error);

  /* What is wrong with a report is said before anything is decided. */
  CHECK_STATUS(kmsramcred_secret_report_failure(secret, 1, "Ecs", 3, "h", 1, NULL, 0, 403, 0, 0, &verdict, &wait, NULL),
               KMSRAMCRED_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(kmsramcred_secret_report_failure(secret, 1, "Ecs", 3, "h", 1, NULL, 0, -5, 1, 0, &verdict, &wait, NULL),
               KMSRAMCRED_ERR_INVALID_ARGUMENT);
  CHECK_STATUS(kmsramcred_secret_report_failure(secret, 1, "Ecs", 3, "h", 1, "\xff", 1, 403, 1, 0, &verdict, &wait, NULL),
               KMSRAMCRED_ERR_INVALID_UTF8);
  CHECK(verdict == -1 && wait == 1);
  CHECK_STATUS(kmsramcred_secret_report_failure(secret, 1, "Ecs", 3, "h", 1, "QuotaExceeded", 13, 403, 1, 0, &verdict,
                                                &wait, NULL),
               KMSRAMCRED_OK);
  CHECK(verdict == KMSRAMCRED_VERDICT_UNRELATED && wait == 0);

  /* Whether it is worth a report can be asked before. */
  CHECK(!kmsramcred_secret_is_about_the_key(secret, "Ecs", 3, "QuotaExceeded", 13, 403));
  CHECK(kmsramcred_secret_is_about_the_key(secret, "Ecs", 3, "InvalidAccessKeyId", 18, 0));
  CHECK(kmsramcred_secret_is_about_the_key(secret, NULL, 0, NULL, 0, 0));
  CHECK(kmsramcred_secret_is_about_the_key(secret, "oss", 3, "", 0, 403));
  CHECK(!kmsramcred_secret_is_about_the_key(secret, "Ecs", 3, "", 0, 403));
  CHECK(!kmsramcred_secret_is_about_the_key(secret, "oss", 3, "\xff", 1, 403));
  CHECK(!kmsramcred_secret_is_about_the_key(secret, "oss", 3, "", 0, -5));

  CHECK_STATUS(kmsramcred_secret_watch(secret, on_event, NULL, on_drop, &watch, NULL), KMSRAMCRED_OK);
  kmsramcred_watch_free(watch);
  CHECK(drops == 1);

  CHECK_STATUS(kmsramcred_client_close(client, 2000), KMSRAMCRED_OK);
  CHECK_STATUS(kmsramcred_client_close(client, UINT64_MAX), KMSRAMCRED_OK);

  CHECK_STATUS(kmsramcred_secret_open(client, "other", 5, &other, NULL), KMSRAMCRED_ERR_CLOSED);
  CHECK(other == NULL);
  CHECK_STATUS(kmsramcred_secret_acquire(secret, 1000, &credential, &error), KMSRAMCRED_ERR_CLOSED);
  CHECK(credential == NULL && kmsramcred_error_status(error) == KMSRAMCRED_ERR_CLOSED);
  kmsramcred_error_free(error);
  CHECK_STATUS(kmsramcred_secret_refresh(secret, 1000, NULL), KMSRAMCRED_ERR_CLOSED);
  CHECK_STATUS(kmsramcred_secret_watch(secret, on_event, NULL, on_drop, &watch, NULL), KMSRAMCRED_ERR_CLOSED);
  CHECK(watch == NULL && drops == 2);
  kmsramcred_secret_report_success(secret, 1);
  error = NULL;
  CHECK_STATUS(kmsramcred_secret_report_failure(secret, 1, "Ecs", 3, "h", 1, NULL, 0, 403, 1, 1000, &verdict, &wait,
                                                &error),
               KMSRAMCRED_OK);
  CHECK(verdict == KMSRAMCRED_VERDICT_GIVE_UP && wait == 0);
  kmsramcred_error_free(error);

  check_explain(client, secret);
  check_stats(client);
  const uint64_t *generation = kmsramcred_secret_generation(secret);
  kmsramcred_client_free(client);
  kmsramcred_secret_free(secret);
  /* The word outlives its secret. */
  (void)kmsramcred_generation_load(generation);
  return check_result();
}
