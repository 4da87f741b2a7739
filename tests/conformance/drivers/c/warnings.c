#include "warnings.h"

#include "line.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char said[1 << 16];
static uint64_t count;
static pid_t process;

/* Runs on whatever thread the library warns from. */
static void on_record(void *userdata, int32_t level, const char *message, size_t length) {
  (void)userdata, (void)level, (void)length;
  /* A forked child must not wait for a lock that a thread of its parent holds. */
  if (getpid() != process) return;
  fprintf(stderr, "%s\n", message);
  pthread_mutex_lock(&lock);
  size_t used = strlen(said);
  snprintf(said + used, sizeof said - used, "%s%s", count == 0 ? "" : "\n", message);
  count++;
  pthread_mutex_unlock(&lock);
}

void warnings_collect(void) {
  process = getpid();
  if (kmsramcred_log_set_callback(KMSRAMCRED_LOG_WARN, on_record, NULL, NULL) != KMSRAMCRED_OK) abort();
}

void warnings_clear(void) {
  pthread_mutex_lock(&lock);
  said[0] = '\0';
  count = 0;
  pthread_mutex_unlock(&lock);
}

void warnings_tell(void) {
  pthread_mutex_lock(&lock);
  answer_begin("ok");
  answer_number("count", count);
  answer_text("message", said);
  pthread_mutex_unlock(&lock);
}
