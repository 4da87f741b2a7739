/* Calls an RPC service from many threads while its AccessKey is being rotated, and prints what the callers saw.
 *
 *   rotation_demo CONFIG SECRET HOST:PORT THREADS SECONDS
 */
#include "kept.h"
#include "rpc_call.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BUDGET_MS 10000
#define PAUSE_MS 20

struct worker {
  pthread_t thread;
  const kmsramcred_secret *secret;
  const char *host, *port;
  int64_t end_ms;
  long calls, failed, healed, rotations;
  int64_t slowest_ms, slowest_at_rotation_ms; /* at a rotation: refused at first, or the first call with another key */
  char complaint[512];
};

static int64_t monotonic_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void sleep_ms(uint64_t wait) {
  struct timespec time = {(time_t)(wait / 1000), (long)(wait % 1000) * 1000000};
  nanosleep(&time, NULL);
}

static void complain(struct worker *worker, const char *what, const struct rpc_answer *answer, kmsramcred_error *error) {
  if (worker->complaint[0] == '\0') {
    snprintf(worker->complaint, sizeof worker->complaint, "%s HTTP %d %s %s", what, answer->http_status, answer->code,
             kmsramcred_error_text(error, NULL));
  }
  kmsramcred_error_free(error);
}

/* One call of the application: acquire, send, report; again when the library says so. Returns the number of refusals that
 * the user did not see, or -1 for a failed call. */
static int call(struct worker *worker, struct kept *kept) {
  struct rpc_answer answer = {0};
  kmsramcred_error *error = NULL;
  int64_t first_refusal = 0;
  for (uint32_t round = 1;; round++) {
    if (kept_acquire(kept, BUDGET_MS, &error) != KMSRAMCRED_OK) return complain(worker, "acquire:", &answer, error), -1;
    uint64_t serial = kmsramcred_credential_serial(kept->credential);
    if (rpc_call(worker->host, worker->port, "DescribeRegions", kept->credential, BUDGET_MS, &answer) != 0)
      return complain(worker, "no answer:", &answer, NULL), -1;
    if (answer.http_status == 200) {
      if (!kmsramcred_credential_is_accepted(kept->credential)) kmsramcred_secret_report_success(worker->secret, serial);
      return (int)round - 1;
    }

    if (first_refusal == 0) first_refusal = monotonic_ms();
    int64_t spent = monotonic_ms() - first_refusal;
    int32_t verdict = KMSRAMCRED_VERDICT_GIVE_UP;
    uint64_t wait = 0;
    kmsramcred_status status = kmsramcred_secret_report_failure(
        worker->secret, serial, "Ecs", 3, worker->host, strlen(worker->host), answer.code, strlen(answer.code),
        answer.http_status, round, (uint64_t)(spent < BUDGET_MS ? BUDGET_MS - spent : 0), &verdict, &wait, &error);
    if (status != KMSRAMCRED_OK || verdict == KMSRAMCRED_VERDICT_UNRELATED || verdict == KMSRAMCRED_VERDICT_GIVE_UP)
      return complain(worker, "refused:", &answer, error), -1;
    sleep_ms(wait);
  }
}

static void *work(void *argument) {
  struct worker *worker = argument;
  struct kept kept = kept_open(worker->secret);
  uint64_t serial = 0;
  while (monotonic_ms() < worker->end_ms) {
    int64_t start = monotonic_ms();
    int refusals = call(worker, &kept);
    int64_t took = monotonic_ms() - start;
    worker->calls++;
    worker->failed += refusals < 0;
    worker->healed += refusals > 0;
    if (took > worker->slowest_ms) worker->slowest_ms = took;
    uint64_t before = serial;
    serial = kmsramcred_credential_serial(kept.credential);
    int rotated = before != 0 && before != serial;
    worker->rotations += rotated;
    if ((rotated || refusals > 0) && took > worker->slowest_at_rotation_ms) worker->slowest_at_rotation_ms = took;
    sleep_ms(PAUSE_MS);
  }
  kept_close(&kept);
  return NULL;
}

static void require(kmsramcred_status status, kmsramcred_error *error) {
  if (status == KMSRAMCRED_OK) return;
  fprintf(stderr, "%s: %s\n", kmsramcred_status_name(status), kmsramcred_error_text(error, NULL));
  exit(1);
}

static int run(const kmsramcred_secret *secret, char *service, int threads, int seconds) {
  struct worker *workers = calloc((size_t)threads, sizeof *workers);
  char *port = strrchr(service, ':');
  if (workers == NULL || port == NULL) return fprintf(stderr, "HOST:PORT is needed\n"), 2;
  *port++ = '\0';
  for (int i = 0; i < threads; i++) {
    workers[i] = (struct worker){
        .secret = secret, .host = service, .port = port, .end_ms = monotonic_ms() + (int64_t)seconds * 1000};
    if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0) return fprintf(stderr, "no thread\n"), 1;
  }
  struct worker all = {0};
  for (int i = 0; i < threads; i++) {
    pthread_join(workers[i].thread, NULL);
    all.calls += workers[i].calls, all.failed += workers[i].failed, all.healed += workers[i].healed;
    if (workers[i].slowest_ms > all.slowest_ms) all.slowest_ms = workers[i].slowest_ms;
    if (workers[i].slowest_at_rotation_ms > all.slowest_at_rotation_ms)
      all.slowest_at_rotation_ms = workers[i].slowest_at_rotation_ms;
    if (workers[i].rotations > all.rotations) all.rotations = workers[i].rotations;
    if (workers[i].complaint[0] != '\0' && all.complaint[0] == '\0')
      fprintf(stderr, "%s\n", strcpy(all.complaint, workers[i].complaint));
  }
  printf("{\"calls\":%ld,\"failed\":%ld,\"healed\":%ld,\"slowest_ms\":%lld,\"slowest_at_rotation_ms\":%lld,"
         "\"rotations\":%ld}\n",
         all.calls, all.failed, all.healed, (long long)all.slowest_ms, (long long)all.slowest_at_rotation_ms,
         all.rotations);
  free(workers);
  return all.calls > 0 && all.failed == 0 ? 0 : 1;
}

int main(int argc, char **argv) {
  if (argc != 6 || atoi(argv[4]) < 1 || atoi(argv[5]) < 1)
    return fprintf(stderr, "usage: %s CONFIG SECRET HOST:PORT THREADS SECONDS\n", argv[0]), 2;
  kmsramcred_config *config = NULL;
  kmsramcred_client *client = NULL;
  kmsramcred_secret *secret = NULL;
  kmsramcred_error *error = NULL;
  require(kmsramcred_config_new(&config), NULL);
  require(kmsramcred_config_load_file(config, argv[1], strlen(argv[1]), &error), error);
  require(kmsramcred_client_new(config, &client, &error), error);
  kmsramcred_config_free(config);
  require(kmsramcred_secret_open(client, argv[2], strlen(argv[2]), &secret, &error), error);

  int result = run(secret, argv[3], atoi(argv[4]), atoi(argv[5]));

  kmsramcred_secret_free(secret);
  (void)kmsramcred_client_close(client, 2000);
  kmsramcred_client_free(client);
  return result;
}
