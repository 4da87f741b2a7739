/* The life of a credential as C sees it: fetched, lent, refused, replaced, given up, and readable to the end. */
#include "check.h"
#include "emulator.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

static const char name[] = "orders";
static atomic_int values, failures, drops, records, leaks;
static _Atomic(char *) first_secret; /* the log callback reads it on another thread */

static void on_event(void *userdata, uint64_t generation, kmsramcred_status status) {
  CHECK(userdata == &values && generation != 0);
  atomic_fetch_add(status == KMSRAMCRED_OK ? &values : &failures, 1);
}

static void on_record(void *userdata, int32_t level, const char *message, size_t message_len) {
  (void)userdata, (void)level;
  atomic_fetch_add(&records, 1);
  CHECK(strlen(message) == message_len);
  const char *secret = atomic_load(&first_secret);
  if (secret != NULL && strstr(message, secret) != NULL) atomic_fetch_add(&leaks, 1);
}

static void on_drop(void *userdata) {
  (void)userdata;
  atomic_fetch_add(&drops, 1);
}

static void sleep_ms(uint64_t wait) {
  struct timespec time = {(time_t)(wait / 1000), (long)(wait % 1000) * 1000000};
  nanosleep(&time, NULL);
}

static int within_5_s(atomic_int *counter, int expected) {
  for (int i = 0; i < 500 && atomic_load(counter) < expected; i++) sleep_ms(10);
  return atomic_load(counter) >= expected;
}

static kmsramcred_credential *acquire(const kmsramcred_secret *secret) {
  kmsramcred_credential *credential = NULL;
  kmsramcred_error *error = NULL;
  require(kmsramcred_secret_acquire(secret, 10000, &credential, &error), error);
  CHECK(error == NULL);
  return credential;
}

/* Reports refusals of one call until the verdict is not to wait. */
static int32_t refuse(const kmsramcred_secret *secret, uint64_t serial, uint64_t budget_ms, kmsramcred_error **error) {
  for (uint32_t round = 1; round <= 16; round++) {
    int32_t verdict = -1;
    uint64_t wait = UINT64_MAX;
    CHECK_STATUS(kmsramcred_secret_report_failure(secret, serial, "Ecs", 3, "127.0.0.1", 9, "InvalidAccessKeyId.NotFound",
                                                  27, 404, round, budget_ms, &verdict, &wait, error),
                 KMSRAMCRED_OK);
    if (verdict != KMSRAMCRED_VERDICT_RETRY_LATER) {
      CHECK(wait == 0);
      return verdict;
    }
    CHECK(wait > 0 && wait <= budget_ms && *error == NULL);
    sleep_ms(wait);
    budget_ms -= wait < budget_ms ? wait : budget_ms;
  }
  CHECK(!"more than 16 rounds");
  return -1;
}

static void look_at(const kmsramcred_secret *secret, const kmsramcred_credential *credential) {
  size_t length = 0;
  const char *id = kmsramcred_credential_access_key_id(credential, &length);
  CHECK(length > 0 && strlen(id) == length);
  const char *key = kmsramcred_credential_access_key_secret(credential, &length);
  CHECK(length > 0 && strlen(key) == length);
  CHECK(strcmp(kmsramcred_credential_security_token(credential, &length), "") == 0 && length == 0);
  CHECK(*kmsramcred_credential_version_id(credential, NULL) != '\0');
  CHECK(kmsramcred_credential_serial(credential) != 0);
  CHECK(kmsramcred_credential_fetched_at_unix_ms(credential) > INT64_C(1600000000000));
  CHECK(kmsramcred_credential_not_after_unix_ms(credential) == 0);
  CHECK(kmsramcred_credential_generation(credential) ==
        kmsramcred_generation_load(kmsramcred_secret_generation(secret)));

  /* The texts are made once for a value, not for an acquire. */
  kmsramcred_credential *again = acquire(secret), *clone = kmsramcred_credential_clone(again);
  CHECK(kmsramcred_credential_access_key_id(again, NULL) == id);
  kmsramcred_credential_free(again);
  CHECK(kmsramcred_credential_access_key_secret(clone, NULL) == key);
  kmsramcred_credential_free(clone);

  /* The same without a handle: whole, or nothing but lengths. */
  char copied_id[64], copied_key[64];
  size_t id_len, key_len;
  uint64_t serial, generation;
  int64_t not_after;
  CHECK_STATUS(kmsramcred_secret_copy(secret, 0, copied_id, sizeof copied_id, &id_len, copied_key, sizeof copied_key,
                                      &key_len, NULL, 0, NULL, &serial, &generation, &not_after, NULL), KMSRAMCRED_OK);
  CHECK(strcmp(copied_id, id) == 0 && strlen(id) == id_len && strcmp(copied_key, key) == 0 && strlen(key) == key_len);
  CHECK(serial == kmsramcred_credential_serial(credential) && not_after == 0);
  CHECK(generation == kmsramcred_generation_load(kmsramcred_secret_generation(secret)));
  copied_id[0] = copied_key[0] = '#';
  CHECK_STATUS(kmsramcred_secret_copy(secret, 0, copied_id, sizeof copied_id, NULL, copied_key, key_len, &key_len, NULL, 0,
                                      NULL, &serial, &generation, &not_after, NULL), KMSRAMCRED_ERR_INVALID_ARGUMENT);
  CHECK(copied_id[0] == '#' && copied_key[0] == '#' && strlen(key) == key_len);

  char text[65536];
  CHECK_STATUS(kmsramcred_secret_explain(secret, text, sizeof text, &length), KMSRAMCRED_OK);
  CHECK(strstr(text, key) == NULL && strstr(text, id) == NULL);
}

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  struct emulator emulator = emulator_start(argv[1]);
  emulator_order(&emulator, "/secrets", "{\"name\":\"orders\"}");
  CHECK_STATUS(kmsramcred_log_set_callback(KMSRAMCRED_LOG_DEBUG, on_record, NULL, on_drop), KMSRAMCRED_OK);
  kmsramcred_client *client = emulator_client(&emulator);
  kmsramcred_secret *secret = NULL;
  kmsramcred_watch *watch = NULL;
  kmsramcred_error *error = NULL;
  require(kmsramcred_secret_open(client, name, sizeof name - 1, &secret, &error), error);
  require(kmsramcred_secret_watch(secret, on_event, &values, on_drop, &watch, &error), error);

  /* Fetched and lent. */
  kmsramcred_credential *first = acquire(secret);
  first_secret = strdup(kmsramcred_credential_access_key_secret(first, NULL));
  look_at(secret, first);
  uint64_t serial = kmsramcred_credential_serial(first);
  CHECK(!kmsramcred_credential_is_accepted(first));
  kmsramcred_secret_report_success(secret, serial);
  CHECK(kmsramcred_credential_is_accepted(first));
  CHECK(within_5_s(&values, 1));

  /* Refused and replaced; a late report about the old value is answered without asking KMS. */
  emulator_order(&emulator, "/secrets/orders/rotate", "{}");
  CHECK(refuse(secret, serial, 10000, &error) == KMSRAMCRED_VERDICT_RETRY && error == NULL);
  kmsramcred_credential *second = acquire(secret);
  CHECK(kmsramcred_credential_serial(second) != serial);
  CHECK(strcmp(first_secret, kmsramcred_credential_access_key_secret(second, NULL)) != 0);
  CHECK(within_5_s(&values, 2));
  kmsramcred_stats before = {.struct_size = sizeof before}, after = before;
  CHECK_STATUS(kmsramcred_client_stats(client, &before), KMSRAMCRED_OK);
  CHECK(refuse(secret, serial, 0, &error) == KMSRAMCRED_VERDICT_RETRY && error == NULL);
  CHECK_STATUS(kmsramcred_client_stats(client, &after), KMSRAMCRED_OK);
  CHECK(before.kms_requests == after.kms_requests && before.refreshes_ok == 2);

  /* Given up: the status is 0 and the error says what KMS said. */
  kmsramcred_secret_report_success(secret, kmsramcred_credential_serial(second));
  emulator_order(&emulator, "/faults",
                 "{\"at\":\"kms\",\"kind\":\"status\",\"status\":403,\"code\":\"Forbidden.NoPermission\",\"times\":99}");
  CHECK(refuse(secret, kmsramcred_credential_serial(second), 2500, &error) == KMSRAMCRED_VERDICT_GIVE_UP);
  CHECK(kmsramcred_error_status(error) == KMSRAMCRED_ERR_KMS_DENIED);
  CHECK(strcmp(kmsramcred_error_kms_code(error, NULL), "Forbidden.NoPermission") == 0);
  CHECK(kmsramcred_error_http_status(error) == 403 && *kmsramcred_error_request_id(error, NULL) != '\0');
  CHECK(strstr(kmsramcred_error_text(error, NULL), kmsramcred_error_advice(error, NULL)) != NULL);
  kmsramcred_error_free(error);
  CHECK(within_5_s(&failures, 1));

  /* Readable to the end, and every userdata ended. */
  kmsramcred_watch_free(watch);
  CHECK(atomic_load(&drops) == 1);
  CHECK_STATUS(kmsramcred_client_close(client, 5000), KMSRAMCRED_OK);
  kmsramcred_client_free(client);
  kmsramcred_secret_free(secret);
  CHECK(strcmp(kmsramcred_credential_access_key_secret(first, NULL), first_secret) == 0);
  kmsramcred_credential_free(first);
  kmsramcred_credential_free(second);
  CHECK_STATUS(kmsramcred_log_set_callback(KMSRAMCRED_LOG_DEBUG, NULL, NULL, NULL), KMSRAMCRED_OK);
  CHECK(within_5_s(&drops, 2));
  CHECK(atomic_load(&records) > 0 && atomic_load(&leaks) == 0);
  free(first_secret);
  return check_result();
}
