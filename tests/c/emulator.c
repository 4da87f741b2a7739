#include "emulator.h"

#include "../../examples/c/rpc_call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The text of a field of the ready line. */
static void field(const char *ready, const char *name, char *to, size_t room) {
  char pattern[64];
  snprintf(pattern, sizeof pattern, "\"%s\":\"", name);
  const char *at = strstr(ready, pattern);
  size_t length = at == NULL ? 0 : strcspn(at + strlen(pattern), "\"");
  if (length == 0 || length >= room) {
    fprintf(stderr, "the emulator's ready line has no %s\n", name);
    exit(1);
  }
  memcpy(to, at + strlen(pattern), length);
  to[length] = '\0';
}

struct emulator emulator_start(const char *path) {
  int out[2];
  char ready[4096], control[128], service[128];
  if (pipe(out) != 0) exit(1);
  if (fork() == 0) {
    dup2(out[1], STDOUT_FILENO);
    execl(path, path, "--parent-pid-exit", (char *)NULL);
    perror(path);
    _exit(127);
  }
  close(out[1]);
  FILE *lines = fdopen(out[0], "r");
  if (lines == NULL || fgets(ready, sizeof ready, lines) == NULL) {
    fprintf(stderr, "%s did not start\n", path);
    exit(1);
  }
  struct emulator emulator;
  field(ready, "control", control, sizeof control);
  field(ready, "default", service, sizeof service);
  field(ready, "oss_host", emulator.oss, sizeof emulator.oss);
  field(ready, "kms_host", emulator.kms, sizeof emulator.kms);
  field(ready, "ca_path", emulator.ca_path, sizeof emulator.ca_path);
  field(ready, "access_key_id", emulator.access_key_id, sizeof emulator.access_key_id);
  field(ready, "access_key_secret", emulator.access_key_secret, sizeof emulator.access_key_secret);
  if (sscanf(control, "http://%63[^:]:%7[0-9]", emulator.control_host, emulator.control_port) != 2) {
    fprintf(stderr, "odd control address: %s\n", control);
    exit(1);
  }
  if (sscanf(service, "%63[^:]:%7[0-9]", emulator.service_host, emulator.service_port) != 2) {
    fprintf(stderr, "odd address of a service: %s\n", service);
    exit(1);
  }
  return emulator;
}

void emulator_order(const struct emulator *emulator, const char *path, const char *json) {
  struct rpc_answer answer;
  int failed = http_post(emulator->control_host, emulator->control_port, path, "application/json", json, 5000, &answer);
  if (failed || answer.http_status / 100 != 2) {
    fprintf(stderr, "the emulator refused %s %s: HTTP %d %s\n", path, json, answer.http_status, answer.body);
    exit(1);
  }
}

void require(kmsramcred_status status, kmsramcred_error *error) {
  if (status == KMSRAMCRED_OK) return;
  fprintf(stderr, "%s: %s\n", kmsramcred_status_name(status), kmsramcred_error_text(error, NULL));
  exit(1);
}

kmsramcred_client *emulator_client(const struct emulator *emulator) {
  char regions[1024];
  kmsramcred_config *config = NULL;
  kmsramcred_client *client = NULL;
  kmsramcred_error *error = NULL;
  snprintf(regions, sizeof regions, "[{\"regionId\":\"cn-hangzhou\",\"endpoint\":\"%s\",\"caFilePath\":\"%s\"}]",
           emulator->kms, emulator->ca_path);
  require(kmsramcred_config_new(&config), NULL);
  require(kmsramcred_config_set_static_source(config, emulator->access_key_id, strlen(emulator->access_key_id),
                                              emulator->access_key_secret, strlen(emulator->access_key_secret), NULL, 0,
                                              &error), error);
  require(kmsramcred_config_set(config, "cache_client_region_id", 22, regions, strlen(regions), &error), error);
  require(kmsramcred_client_new(config, &client, &error), error);
  kmsramcred_config_free(config);
  return client;
}
