/* The least that rides through rotations: one call for each line of standard input, which names the action.
 *
 *   KMSRAMCRED_CONFIG=FILE minimal SECRET HOST PORT
 */
#include "rpc_call.h" /* signs and sends; your SDK does that */
#include <kmsramcred.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define BUDGET_MS 10000

static int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int show(const char *what, kmsramcred_error *error) {
  fprintf(stderr, "%s %s\n", what, kmsramcred_error_text(error, NULL));
  kmsramcred_error_free(error);
  return 1;
}

static int call(const kmsramcred_secret *secret, const char *host, const char *port, const char *action) {
  kmsramcred_error *error = NULL;
  int64_t end = 0; /* of the budget, which begins at the first refusal */
  for (uint32_t round = 1;; round++) {
    kmsramcred_credential *key = NULL;
    struct rpc_answer answer;
    if (kmsramcred_secret_acquire(secret, BUDGET_MS, &key, &error)) return show("no key:", error);
    uint64_t serial = kmsramcred_credential_serial(key), wait = 0;
    int sent = rpc_call(host, port, action, key, BUDGET_MS, &answer) == 0;
    if (sent && answer.http_status == 200) puts(kmsramcred_credential_access_key_id(key, NULL));
    kmsramcred_credential_free(key);
    if (!sent) return show("no answer", NULL);
    if (answer.http_status == 200) return kmsramcred_secret_report_success(secret, serial), fflush(stdout);
    if (end == 0) end = now_ms() + BUDGET_MS;
    uint64_t left = now_ms() < end ? (uint64_t)(end - now_ms()) : 0;
    int32_t verdict = KMSRAMCRED_VERDICT_GIVE_UP;
    if (kmsramcred_secret_report_failure(secret, serial, "Ecs", 3, host, strlen(host), answer.code, strlen(answer.code),
                                         answer.http_status, round, left, &verdict, &wait, &error) ||
        (verdict != KMSRAMCRED_VERDICT_RETRY && verdict != KMSRAMCRED_VERDICT_RETRY_LATER))
      return show(answer.body, error); /* the service's own error, and why there is no other key */
    nanosleep(&(struct timespec){(time_t)(wait / 1000), (long)(wait % 1000) * 1000000}, NULL);
  }
}

int main(int argc, char **argv) {
  static kmsramcred_config *config; static kmsramcred_client *client; static kmsramcred_secret *secret;
  kmsramcred_error *error = NULL;
  if (argc != 4) return show("usage: minimal SECRET HOST PORT", NULL);
  if (kmsramcred_config_new(&config) || kmsramcred_config_load_file(config, NULL, 0, &error) ||
      kmsramcred_client_new(config, &client, &error) ||
      kmsramcred_secret_open(client, argv[1], strlen(argv[1]), &secret, &error)) return show("no client:", error);
  for (char action[64]; scanf("%63s", action) == 1;)
    if (call(secret, argv[2], argv[3], action) != 0) return 1;
  return 0; /* the library ends with the process */
}
