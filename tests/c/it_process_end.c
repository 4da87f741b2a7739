/* However a process ends, or is stopped for a while: it ends with its own exit code and in time, and one that goes on works.
 * Each case is a process of its own. STOP_SECONDS is how long the stopped one stays so (0). */
#include "check.h"
#include "emulator.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../examples/c/rpc_call.h"

#define LONGEST_MS 20000
#define WAITERS 8

static struct emulator cloud;
static kmsramcred_client *client;
static kmsramcred_secret *secret;
static atomic_int waiting;

static void sleep_ms(long wait) {
  nanosleep(&(struct timespec){wait / 1000, wait % 1000 * 1000000}, NULL);
}

static void open_secret(void) {
  kmsramcred_error *error = NULL;
  client = emulator_client(&cloud);
  require(kmsramcred_secret_open(client, "orders", 6, &secret, &error), error);
}

static kmsramcred_status acquire(uint64_t timeout_ms) {
  kmsramcred_credential *credential = NULL;
  kmsramcred_status status = kmsramcred_secret_acquire(secret, timeout_ms, &credential, NULL);
  kmsramcred_credential_free(credential);
  return status;
}

/* A fetch that does not end while this process looks. */
static void hang_in_a_fetch(void) {
  open_secret();
  emulator_order(&cloud, "/faults", "{\"at\":\"kms\",\"kind\":\"hang\",\"for_ms\":60000,\"times\":1}");
  if (acquire(0) != KMSRAMCRED_ERR_NOT_READY) _exit(99);
}

static void exit_in_a_fetch(void) {
  hang_in_a_fetch();
  exit(3);
}

static void exit_a_little_later_in_a_fetch(void) {
  hang_in_a_fetch();
  if (acquire(50) != KMSRAMCRED_ERR_TIMEOUT) _exit(99);
  exit(3);
}

static void close_and_free(void) {
  (void)kmsramcred_client_close(client, 100);
  kmsramcred_secret_free(secret);
  kmsramcred_client_free(client);
}

static void exit_in_a_fetch_with_handlers(void) {
  hang_in_a_fetch();
  atexit(close_and_free);
  exit(3);
}

static void *wait_for_the_fetch(void *nothing) {
  atomic_fetch_add(&waiting, 1);
  (void)acquire(60000);
  return nothing;
}

static void exit_beside_waiting_threads(void) {
  hang_in_a_fetch();
  pthread_t thread;
  for (int i = 0; i < WAITERS; i++)
    if (pthread_create(&thread, NULL, wait_for_the_fetch, NULL) != 0) _exit(99);
  while (atomic_load(&waiting) < WAITERS) sleep_ms(1);
  exit(3);
}

static void quick_exit_in_a_fetch(void) {
  hang_in_a_fetch();
  quick_exit(3);
}

static void exit_of_a_child_that_was_forked_in_a_fetch(void) {
  hang_in_a_fetch();
  pid_t child = fork();
  if (child == 0) exit(acquire(0) == KMSRAMCRED_ERR_NOT_READY ? 0 : 98);
  int status = -1;
  if (waitpid(child, &status, 0) != child || status != 0) _exit(99);
  exit(3);
}

static void exit_now(void *userdata, uint64_t generation, kmsramcred_status status) {
  (void)userdata, (void)generation, (void)status;
  exit(3);
}

static void exit_in_a_watch(void) {
  open_secret();
  kmsramcred_watch *watch = NULL;
  kmsramcred_error *error = NULL;
  require(kmsramcred_secret_watch(secret, exit_now, NULL, NULL, &watch, &error), error);
  (void)acquire(LONGEST_MS);
  for (;;) pause();
}

static void exit_at_a_record(void *userdata, int32_t level, const char *message, size_t message_len) {
  (void)userdata, (void)level, (void)message, (void)message_len;
  exit(3);
}

static void exit_in_a_log_callback(void) {
  open_secret();
  require(kmsramcred_log_set_callback(KMSRAMCRED_LOG_DEBUG, exit_at_a_record, NULL, NULL), NULL);
  (void)acquire(LONGEST_MS);
  for (;;) pause();
}

/* Ends `child` when it takes too long. */
static int exit_code(pid_t child) {
  for (int waited = 0, status = -1; waited < LONGEST_MS; waited += 5) {
    pid_t ended = waitpid(child, &status, WNOHANG);
    if (ended == child) return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    sleep_ms(5);
  }
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
  return -1000;
}

static void ends(const char *name, void (*process)(void)) {
  pid_t child = fork();
  if (child == 0) {
    process();
    _exit(97);
  }
  int code = exit_code(child);
  if (code != 3) fprintf(stderr, "%s: ended with %d\n", name, code);
  CHECK(code == 3);
}

/* One call of a program, through rotations. */
static int call(void) {
  for (uint32_t round = 1; round <= 16; round++) {
    kmsramcred_credential *credential = NULL;
    struct rpc_answer answer;
    uint64_t wait = 0;
    int32_t verdict = KMSRAMCRED_VERDICT_GIVE_UP;
    if (kmsramcred_secret_acquire(secret, 10000, &credential, NULL) != KMSRAMCRED_OK) continue; /* it was stopped too long */
    uint64_t serial = kmsramcred_credential_serial(credential);
    int failed = rpc_call(cloud.service_host, cloud.service_port, "DescribeRegions", credential, 10000, &answer);
    kmsramcred_credential_free(credential);
    if (!failed && answer.http_status == 200) return kmsramcred_secret_report_success(secret, serial), 0;
    if (!failed && kmsramcred_secret_report_failure(secret, serial, "Ecs", 3, "h", 1, answer.code, strlen(answer.code),
                                                    answer.http_status, round, 10000, &verdict, &wait, NULL)) return -1;
    sleep_ms((long)wait);
  }
  return -1;
}

/* Calls for ever, and says so for each; ends when nobody listens. */
static void call_for_ever(int to) {
  signal(SIGPIPE, SIG_IGN);
  open_secret();
  do {
    if (call() != 0) _exit(98);
  } while (write(to, "", 1) == 1);
  exit(3);
}

/* Stopped at any point, rotated meanwhile, and told to go on. */
static void goes_on_after_a_stop(void) {
  const char *seconds = getenv("STOP_SECONDS");
  int calls[2];
  char byte;
  if (pipe(calls) != 0) exit(1);
  pid_t child = fork();
  if (child == 0) {
    close(calls[0]);
    call_for_ever(calls[1]);
  }
  close(calls[1]);
  for (int stops = 0; stops < 5; stops++) {
    /* Another number of calls each time: it is stopped wherever it is then. */
    for (int i = 0; i <= stops * 3; i++) CHECK(read(calls[0], &byte, 1) == 1);
    int status = 0;
    kill(child, SIGSTOP);
    CHECK(waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status));
    emulator_order(&cloud, "/secrets/orders/rotate", "{}");
    if (stops == 0 && seconds != NULL) sleep_ms(atol(seconds) * 1000);
    kill(child, SIGCONT);
  }
  for (int i = 0; i < 100; i++) CHECK(read(calls[0], &byte, 1) == 1);
  close(calls[0]);
  CHECK(exit_code(child) == 3);
}

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  cloud = emulator_start(argv[1]);
  emulator_order(&cloud, "/secrets", "{\"name\":\"orders\"}");
  goes_on_after_a_stop();
  ends("exit in a watch", exit_in_a_watch);
  ends("exit in a log callback", exit_in_a_log_callback);
  ends("exit in a fetch", exit_in_a_fetch);
  ends("exit a little later in a fetch", exit_a_little_later_in_a_fetch);
  ends("exit in a fetch with handlers", exit_in_a_fetch_with_handlers);
  ends("exit beside waiting threads", exit_beside_waiting_threads);
  ends("quick_exit in a fetch", quick_exit_in_a_fetch);
  ends("exit of a child that was forked in a fetch", exit_of_a_child_that_was_forked_in_a_fetch);
  return check_result();
}
