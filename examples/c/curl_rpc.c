/* Calls an RPC service with libcurl, through rotations: one call for each line of standard input, which names the action.
 *
 *   KMSRAMCRED_CONFIG=FILE curl_rpc SECRET URL
 */
#include "kept.h"
#include "rpc_call.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define BUDGET_MS 10000

struct caller {
  CURL *curl; /* one connection, whatever key the calls are signed with */
  const char *url;
  struct kept kept;
};

/* Keeps what fits of the answer. */
static size_t on_bytes(char *bytes, size_t size, size_t count, void *userdata) {
  struct rpc_answer *answer = userdata;
  size_t at = strlen(answer->body), room = sizeof answer->body - 1 - at;
  size_t taken = size * count < room ? size * count : room;
  memcpy(answer->body + at, bytes, taken);
  answer->body[at + taken] = '\0';
  return size * count;
}

static CURLcode post(const struct caller *caller, const char *action, struct rpc_answer *answer) {
  char form[RPC_FORM_SIZE];
  long status = 0;
  *answer = (struct rpc_answer){0};
  if (rpc_form(action, caller->kept.credential, form, sizeof form) != 0) return CURLE_FAILED_INIT;
  curl_easy_setopt(caller->curl, CURLOPT_URL, caller->url);
  curl_easy_setopt(caller->curl, CURLOPT_POSTFIELDS, form);
  curl_easy_setopt(caller->curl, CURLOPT_TIMEOUT_MS, (long)BUDGET_MS);
  curl_easy_setopt(caller->curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(caller->curl, CURLOPT_WRITEFUNCTION, on_bytes);
  curl_easy_setopt(caller->curl, CURLOPT_WRITEDATA, answer);
  CURLcode failed = curl_easy_perform(caller->curl);
  curl_easy_setopt(caller->curl, CURLOPT_POSTFIELDS, NULL); /* it pointed into this function */
  curl_easy_getinfo(caller->curl, CURLINFO_RESPONSE_CODE, &status);
  answer->http_status = (int)status;
  rpc_read_code(answer);
  return failed;
}

static int64_t monotonic_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int show(const char *what, kmsramcred_error *error) {
  fprintf(stderr, "%s %s\n", what, kmsramcred_error_text(error, NULL));
  kmsramcred_error_free(error);
  return 1;
}

static int call(struct caller *caller, const char *action) {
  const kmsramcred_secret *secret = caller->kept.secret;
  kmsramcred_error *error = NULL;
  int64_t first_refusal = 0;
  for (uint32_t round = 1;; round++) {
    struct rpc_answer answer;
    if (kept_acquire(&caller->kept, BUDGET_MS, &error)) return show("no key:", error);
    const kmsramcred_credential *key = caller->kept.credential;
    CURLcode failed = post(caller, action, &answer);
    if (failed) return show(curl_easy_strerror(failed), NULL);
    if (answer.http_status == 200) {
      if (!kmsramcred_credential_is_accepted(key)) kmsramcred_secret_report_success(secret, kmsramcred_credential_serial(key));
      return puts(kmsramcred_credential_access_key_id(key, NULL)), fflush(stdout);
    }
    if (first_refusal == 0) first_refusal = monotonic_ms();
    int64_t left = first_refusal + BUDGET_MS - monotonic_ms();
    int32_t verdict = KMSRAMCRED_VERDICT_GIVE_UP;
    uint64_t wait = 0;
    if (kmsramcred_secret_report_failure(secret, kmsramcred_credential_serial(key), "Ecs", 3, caller->url,
                                         strlen(caller->url), answer.code, strlen(answer.code), answer.http_status, round,
                                         left > 0 ? (uint64_t)left : 0, &verdict, &wait, &error) ||
        (verdict != KMSRAMCRED_VERDICT_RETRY && verdict != KMSRAMCRED_VERDICT_RETRY_LATER))
      return show(answer.body, error);
    nanosleep(&(struct timespec){(time_t)(wait / 1000), (long)(wait % 1000) * 1000000}, NULL);
  }
}

int main(int argc, char **argv) {
  kmsramcred_config *config = NULL;
  kmsramcred_client *client = NULL;
  kmsramcred_secret *secret = NULL;
  kmsramcred_error *error = NULL;
  if (argc != 3) return show("usage: curl_rpc SECRET URL", NULL);
  if (kmsramcred_config_new(&config) || kmsramcred_config_load_file(config, NULL, 0, &error) ||
      kmsramcred_client_new(config, &client, &error) ||
      kmsramcred_secret_open(client, argv[1], strlen(argv[1]), &secret, &error))
    return show("no client:", error);
  kmsramcred_config_free(config);
  curl_global_init(CURL_GLOBAL_DEFAULT);
  struct caller caller = {.curl = curl_easy_init(), .url = argv[2], .kept = kept_open(secret)};
  char action[64];
  int failed = caller.curl == NULL;
  while (!failed && scanf("%63s", action) == 1) failed = call(&caller, action);
  curl_easy_cleanup(caller.curl);
  kept_close(&caller.kept);
  kmsramcred_secret_free(secret);
  kmsramcred_client_free(client);
  return failed;
}
