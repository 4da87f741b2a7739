/* Many threads acquire, report, make and close clients and fork, while the key is rotated every 50 ms. Nothing hangs, every
 * answer is one that may be given, and at the end no thread and no descriptor is left. STORM_SECONDS says how long (3);
 * STORM_FORKS=0 leaves the forks out. */
#include "check.h"
#include "emulator.h"

#include "../../examples/c/kept.h"
#include "../../examples/c/rpc_call.h"

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define THREADS 64
#define BUDGET_MS 10000

static struct emulator cloud;
static kmsramcred_secret *secret;
static atomic_bool over;
static int fork_percent = 2;
static atomic_int calls, refusals, clients, forks, watches, drops, events, rotations;
static pthread_mutex_t few_forks = PTHREAD_MUTEX_INITIALIZER;

static void sleep_ms(uint64_t wait) {
  nanosleep(&(struct timespec){(time_t)(wait / 1000), (long)(wait % 1000) * 1000000}, NULL);
}

static void on_event(void *userdata, uint64_t generation, kmsramcred_status status) {
  CHECK(userdata == &events && generation != 0 && strcmp(kmsramcred_status_name(status), "KMSRAMCRED_ERR_UNKNOWN") != 0);
  atomic_fetch_add(&events, 1);
}

static void on_drop(void *userdata) {
  CHECK(userdata == &events);
  atomic_fetch_add(&drops, 1);
}

/* A call of the program; whether it succeeds is chance, at this pace. */
static void call(struct kept *kept) {
  for (uint32_t round = 1; round <= 4 && !atomic_load(&over); round++) {
    struct rpc_answer answer;
    int32_t verdict = -1;
    uint64_t wait = 0;
    kmsramcred_status status = kept_acquire(kept, BUDGET_MS, NULL);
    CHECK_STATUS(status, KMSRAMCRED_OK);
    if (status != KMSRAMCRED_OK) return;
    uint64_t serial = kmsramcred_credential_serial(kept->credential);
    if (rpc_call(cloud.service_host, cloud.service_port, "DescribeRegions", kept->credential, BUDGET_MS, &answer) != 0) return;
    atomic_fetch_add(&calls, 1);
    if (answer.http_status == 200) {
      kmsramcred_secret_report_success(kept->secret, serial);
      return;
    }
    atomic_fetch_add(&refusals, 1);
    CHECK_STATUS(kmsramcred_secret_report_failure(kept->secret, serial, "Ecs", 3, cloud.service_host,
                                                  strlen(cloud.service_host), answer.code, strlen(answer.code),
                                                  answer.http_status, round, 2000, &verdict, &wait, NULL),
                 KMSRAMCRED_OK);
    if (verdict != KMSRAMCRED_VERDICT_RETRY && verdict != KMSRAMCRED_VERDICT_RETRY_LATER) return;
    sleep_ms(wait < 100 ? wait : 100);
  }
}

/* A client of its own, closed and freed in some order, in the middle of its first fetch or after it. */
static void live_and_die(unsigned *seed) {
  kmsramcred_client *client = emulator_client(&cloud);
  kmsramcred_secret *own = NULL;
  kmsramcred_watch *watch = NULL;
  kmsramcred_credential *credential = NULL;
  kmsramcred_error *error = NULL;
  require(kmsramcred_secret_open(client, "orders", 6, &own, &error), error);
  require(kmsramcred_secret_watch(own, on_event, &events, on_drop, &watch, &error), error);
  atomic_fetch_add(&watches, 1);
  uint64_t timeout = rand_r(seed) % 3 == 0 ? BUDGET_MS : (uint64_t)rand_r(seed) % 5;
  kmsramcred_status status = kmsramcred_secret_acquire(own, timeout, &credential, NULL);
  CHECK(status == KMSRAMCRED_OK || status == KMSRAMCRED_ERR_NOT_READY || status == KMSRAMCRED_ERR_TIMEOUT);
  CHECK((credential != NULL) == (status == KMSRAMCRED_OK));
  if (rand_r(seed) % 2 == 0) CHECK_STATUS(kmsramcred_client_close(client, BUDGET_MS), KMSRAMCRED_OK);
  switch (rand_r(seed) % 3) {
    case 0: kmsramcred_watch_free(watch), kmsramcred_secret_free(own), kmsramcred_client_free(client); break;
    case 1: kmsramcred_client_free(client), kmsramcred_secret_free(own), kmsramcred_watch_free(watch); break;
    default: kmsramcred_secret_free(own), kmsramcred_client_free(client), kmsramcred_watch_free(watch);
  }
  CHECK(credential == NULL || *kmsramcred_credential_access_key_secret(credential, NULL) != '\0');
  kmsramcred_credential_free(credential);
  atomic_fetch_add(&clients, 1);
}

/* The child goes on with everything it has inherited, and fetches for itself. */
static void fork_one(struct kept *kept) {
  pthread_mutex_lock(&few_forks);
  pid_t child = fork();
  if (child == 0) {
    alarm(60);
    struct kept own = kept_open(secret);
    if (kept_acquire(kept, BUDGET_MS, NULL) != KMSRAMCRED_OK) _exit(2);
    if (kmsramcred_secret_refresh(secret, BUDGET_MS, NULL) != KMSRAMCRED_OK) _exit(3);
    if (kept_acquire(&own, BUDGET_MS, NULL) != KMSRAMCRED_OK) _exit(4);
    _exit(0);
  }
  int status = -1;
  CHECK(child > 0 && waitpid(child, &status, 0) == child);
  pthread_mutex_unlock(&few_forks);
  if (status != 0) fprintf(stderr, "a child ended with %#x\n", (unsigned)status);
  CHECK(status == 0);
  atomic_fetch_add(&forks, 1);
}

static void *work(void *argument) {
  unsigned seed = (unsigned)(size_t)argument;
  struct kept kept = kept_open(secret);
  while (!atomic_load(&over)) {
    int chance = rand_r(&seed) % 100;
    if (chance < 4) live_and_die(&seed);
    else if (chance < 4 + fork_percent) fork_one(&kept);
    else call(&kept);
  }
  kept_close(&kept);
  return NULL;
}

static void *nothing(void *argument) {
  return argument;
}

static int entries(const char *folder) {
  int count = 0;
  DIR *open = opendir(folder);
  while (open != NULL && readdir(open) != NULL) count++;
  if (open != NULL) closedir(open);
  return count;
}

static int soon(const char *folder, int expected) {
  for (int i = 0; i < 3000 && entries(folder) > expected; i++) sleep_ms(10);
  int found = entries(folder);
  if (found > expected) fprintf(stderr, "%s: %d entries, %d before the storm\n", folder, found, expected);
  return found <= expected;
}

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  const char *told = getenv("STORM_SECONDS"), *may_fork = getenv("STORM_FORKS");
  if (may_fork != NULL && strcmp(may_fork, "0") == 0) fork_percent = 0;
  long seconds = told != NULL ? atol(told) : 3;
  alarm((unsigned)seconds * 2 + 240); /* whatever hangs is killed */
  cloud = emulator_start(argv[1]);
  emulator_order(&cloud, "/secrets", "{\"name\":\"orders\"}");
  pthread_t workers[THREADS];
  /* With the first thread of a process a sanitizer starts one of its own. */
  if (pthread_create(&workers[0], NULL, nothing, NULL) != 0 || pthread_join(workers[0], NULL) != 0) return 1;
  int descriptors = entries("/proc/self/fd"), threads = entries("/proc/self/task");
  kmsramcred_client *client = emulator_client(&cloud);
  kmsramcred_error *error = NULL;
  require(kmsramcred_secret_open(client, "orders", 6, &secret, &error), error);

  for (size_t i = 0; i < THREADS; i++)
    if (pthread_create(&workers[i], NULL, work, (void *)(i + 1)) != 0) return fprintf(stderr, "no thread\n"), 1;
  for (time_t end = time(NULL) + seconds; time(NULL) < end; sleep_ms(50)) {
    emulator_order(&cloud, "/secrets/orders/rotate", "{}");
    atomic_fetch_add(&rotations, 1);
  }
  atomic_store(&over, true);
  for (int i = 0; i < THREADS; i++) pthread_join(workers[i], NULL);
  CHECK_STATUS(kmsramcred_client_close(client, 30000), KMSRAMCRED_OK);
  kmsramcred_secret_free(secret);
  kmsramcred_client_free(client);

  CHECK(soon("/proc/self/task", threads) && soon("/proc/self/fd", descriptors));
  CHECK(waitpid(-1, NULL, WNOHANG) == 0); /* the emulator, and nobody else */
  for (int i = 0; i < 3000 && atomic_load(&drops) < atomic_load(&watches); i++) sleep_ms(10);
  CHECK(atomic_load(&drops) == atomic_load(&watches));
  printf("%ld s: %d rotations, %d calls, %d refused, %d clients, %d forks, %d events\n", seconds, rotations, calls, refusals,
         clients, forks, events);
  CHECK(calls > 0 && refusals > 0 && clients > 0 && (forks > 0 || fork_percent == 0));
  return check_result();
}
