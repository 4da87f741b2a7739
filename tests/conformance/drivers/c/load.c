#include "load.h"

#include "kept.h"
#include "line.h"
#include "rpc_call.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SEND_TIMEOUT_MS 10000
#define PATIENCE_MS 30000
#define PAUSE_MS 5

struct load {
  const kmsramcred_secret *secret;
  char host[128];
  uint64_t budget_ms;
  atomic_bool stop;
  atomic_uint_fast64_t calls, failed, refused, slowest_ms;
  pthread_mutex_t lock; /* of the complaint */
  char complaint[512];
  unsigned count;
  pthread_t threads[];
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

static bool complain(struct load *load, const char *what, const struct rpc_answer *answer, kmsramcred_error *error) {
  pthread_mutex_lock(&load->lock);
  if (load->complaint[0] == '\0') {
    snprintf(load->complaint, sizeof load->complaint, "%s HTTP %d %s %s", what, answer->http_status, answer->code,
             kmsramcred_error_text(error, NULL));
  }
  pthread_mutex_unlock(&load->lock);
  kmsramcred_error_free(error);
  return false;
}

/* Acquires, sends, reports; again when the library says so. Whether it went well. */
static bool send_until_settled(struct load *load, struct kept *kept) {
  struct rpc_answer answer = {0};
  kmsramcred_error *error = NULL;
  int64_t first_refusal = 0;
  const char *port = strrchr(load->host, ':');
  char host[sizeof load->host];
  if (port == NULL) return complain(load, "HOST:PORT is needed:", &answer, NULL);
  snprintf(host, sizeof host, "%.*s", (int)(port - load->host), load->host);
  for (uint32_t round = 1;; round++) {
    if (kept_acquire(kept, SEND_TIMEOUT_MS, &error) != KMSRAMCRED_OK) return complain(load, "acquire:", &answer, error);
    uint64_t serial = kmsramcred_credential_serial(kept->credential);
    if (rpc_call(host, port + 1, "DescribeRegions", kept->credential, SEND_TIMEOUT_MS, &answer) != 0)
      return complain(load, "no answer:", &answer, NULL);
    if (answer.http_status == 200) {
      if (!kmsramcred_credential_is_accepted(kept->credential)) kmsramcred_secret_report_success(load->secret, serial);
      return true;
    }
    load->refused++;
    if (first_refusal == 0) first_refusal = monotonic_ms();
    uint64_t spent = (uint64_t)(monotonic_ms() - first_refusal);
    int32_t verdict = KMSRAMCRED_VERDICT_GIVE_UP;
    uint64_t wait = 0;
    kmsramcred_status status = kmsramcred_secret_report_failure(
        load->secret, serial, "Ecs", 3, load->host, strlen(load->host), answer.code, strlen(answer.code),
        answer.http_status, round, spent < load->budget_ms ? load->budget_ms - spent : 0, &verdict, &wait, &error);
    if (status != KMSRAMCRED_OK || verdict == KMSRAMCRED_VERDICT_UNRELATED || verdict == KMSRAMCRED_VERDICT_GIVE_UP)
      return complain(load, "refused:", &answer, error);
    sleep_ms(wait);
  }
}

static bool call(struct load *load, struct kept *kept) {
  int64_t began = monotonic_ms();
  bool fine = send_until_settled(load, kept);
  uint_fast64_t took = (uint_fast64_t)(monotonic_ms() - began), slowest = load->slowest_ms;
  while (took > slowest && !atomic_compare_exchange_weak(&load->slowest_ms, &slowest, took)) continue;
  if (!fine) load->failed++;
  load->calls++;
  return fine;
}

static void *work(void *argument) {
  struct load *load = argument;
  struct kept kept = kept_open(load->secret);
  while (!load->stop) {
    call(load, &kept);
    sleep_ms(PAUSE_MS);
  }
  kept_close(&kept);
  return NULL;
}

static struct load *load_new(const kmsramcred_secret *secret, const char *host, unsigned room, uint64_t budget_ms) {
  struct load *load = calloc(1, sizeof *load + room * sizeof *load->threads);
  if (load == NULL) return NULL;
  load->secret = secret;
  load->budget_ms = budget_ms;
  snprintf(load->host, sizeof load->host, "%s", host);
  pthread_mutex_init(&load->lock, NULL);
  return load;
}

struct load *load_start(const kmsramcred_secret *secret, const char *host, unsigned threads, uint64_t budget_ms) {
  struct load *load = load_new(secret, host, threads, budget_ms);
  while (load != NULL && load->count < threads) {
    if (pthread_create(&load->threads[load->count], NULL, work, load) != 0) {
      load_stop(load);
      load_free(load);
      return NULL;
    }
    load->count++;
  }
  return load;
}

void load_tell(struct load *load) {
  answer_number("calls", load->calls);
  answer_number("failed", load->failed);
  answer_number("refused", load->refused);
  answer_number("slowest_ms", load->slowest_ms);
  pthread_mutex_lock(&load->lock);
  answer_text("complaint", load->complaint);
  pthread_mutex_unlock(&load->lock);
}

void load_begin_anew(struct load *load) {
  load->slowest_ms = 0;
  pthread_mutex_lock(&load->lock);
  load->complaint[0] = '\0';
  pthread_mutex_unlock(&load->lock);
}

void load_stop(struct load *load) {
  load->stop = true;
  while (load->count > 0) pthread_join(load->threads[--load->count], NULL);
}

void load_free(struct load *load) {
  pthread_mutex_destroy(&load->lock);
  free(load);
}

bool child_lives(const kmsramcred_secret *secret, const char *host, uint64_t timeout_ms, uint64_t calls,
                 bool until_refused) {
  struct load *load = load_new(secret, host, 0, SEND_TIMEOUT_MS);
  if (load == NULL) return false;
  struct kept kept = kept_open(secret);
  int64_t end_ms = monotonic_ms() + PATIENCE_MS;
  bool fine = kept_acquire(&kept, timeout_ms, NULL) == KMSRAMCRED_OK;
  while (fine && until_refused && load->refused == 0) {
    fine = call(load, &kept) && monotonic_ms() < end_ms;
    sleep_ms(PAUSE_MS);
  }
  while (fine && calls-- > 0) fine = call(load, &kept);
  kept_close(&kept);
  load_free(load);
  return fine;
}
