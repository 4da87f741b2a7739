/* Deliberate mistakes, in and with the library: a sanitizer that is at work reports them.
 *
 *   misuse freed|forgotten|race|overflow
 */
#include <kmsramcred.h>

#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

/* Reads an error after its end; the read is in Rust. */
static int freed(void) {
  kmsramcred_config *config = NULL;
  kmsramcred_error *error = NULL;
  if (kmsramcred_config_new(&config) != KMSRAMCRED_OK) return 2;
  if (kmsramcred_config_set(config, "no_such_key", 11, "x", 1, &error) == KMSRAMCRED_OK) return 2;
  kmsramcred_error_free(error);
  int32_t status = kmsramcred_error_status(error);
  kmsramcred_config_free(config);
  return printf("%d was read\n", status) < 0;
}

/* Loses handles; of the last one a copy of its address may be left somewhere. */
static int forgotten(void) {
  volatile uintptr_t address = 0;
  for (int i = 0; i < 64; i++) {
    kmsramcred_config *config = NULL;
    if (kmsramcred_config_new(&config) != KMSRAMCRED_OK) return 2;
    address += (uintptr_t)config;
  }
  return address == 0;
}

static void *change(void *config) {
  for (int i = 0; i < 1000; i++)
    if (kmsramcred_config_set(config, "max_stale_milliseconds", 22, "1", 1, NULL) != KMSRAMCRED_OK) break;
  return NULL;
}

/* Changes a configuration from two threads; the race is in Rust. */
static int race(void) {
  pthread_t thread;
  kmsramcred_config *config = NULL;
  if (kmsramcred_config_new(&config) != KMSRAMCRED_OK || pthread_create(&thread, NULL, change, config) != 0) return 2;
  change(config);
  pthread_join(thread, NULL);
  kmsramcred_config_free(config);
  return 0;
}

static int overflow(int argc) {
  return printf("%d\n", INT_MAX - 2 + argc) < 0;
}

int main(int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], "freed") == 0) return freed();
  if (argc == 2 && strcmp(argv[1], "forgotten") == 0) return forgotten();
  if (argc == 2 && strcmp(argv[1], "race") == 0) return race();
  if (argc == 2 && strcmp(argv[1], "overflow") == 0) return overflow(argc + 1);
  return 2;
}
