/* The driver of C: a program on kmsramcred.h, told what to do line by line (see ../../README.md). */
#include "line.h"
#include "load.h"
#include "warnings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST 16
#define DEFAULT_MS 10000

static kmsramcred_client *client;
static struct {
  char name[600];
  kmsramcred_secret *secret;
} secrets[MOST];
static struct {
  char name[32];
  struct load *load;
} loads[MOST];
static pid_t children[MOST];
static size_t child_count;

/* Whether a call failed; then the answer says so. */
static bool refused(kmsramcred_status status, kmsramcred_error *error) {
  if (status == KMSRAMCRED_OK) return false;
  answer_begin("error");
  answer_error(status, error);
  return true;
}

static const char *text(const struct line *line, const char *key) {
  const char *value = line_text(line, key);
  return value == NULL ? "" : value;
}

static void forget(void) {
  for (size_t i = 0; i < MOST; i++) {
    kmsramcred_secret_free(secrets[i].secret);
    secrets[i].secret = NULL;
  }
  kmsramcred_client_free(client);
  client = NULL;
}

/* The secret that a command names: opened once, then kept, as a program does. NULL after an answer. */
static kmsramcred_secret *named_secret(const struct line *line) {
  const char *name = text(line, "secret");
  size_t i = 0;
  for (; i < MOST - 1 && secrets[i].secret != NULL; i++)
    if (strcmp(secrets[i].name, name) == 0) return secrets[i].secret;
  kmsramcred_error *error = NULL;
  kmsramcred_status status = kmsramcred_secret_open(client, name, strlen(name), &secrets[i].secret, &error);
  if (refused(status, error)) return NULL;
  snprintf(secrets[i].name, sizeof secrets[i].name, "%s", name);
  return secrets[i].secret;
}

static void do_open(const struct line *line) {
  forget();
  warnings_clear();
  kmsramcred_config *config = NULL;
  kmsramcred_error *error = NULL;
  const char *path = line_text(line, "path");
  kmsramcred_status status = kmsramcred_config_new(&config);
  if (status == KMSRAMCRED_OK)
    status = kmsramcred_config_load_file(config, path, path == NULL ? 0 : strlen(path), &error);
  if (status == KMSRAMCRED_OK) status = kmsramcred_config_load_env(config, &error);
  if (status == KMSRAMCRED_OK) status = kmsramcred_client_new(config, &client, &error);
  kmsramcred_config_free(config);
  if (refused(status, error)) return;
  answer_begin("ok");
}

static void do_acquire(const struct line *line) {
  kmsramcred_secret *secret = named_secret(line);
  if (secret == NULL) return;
  kmsramcred_credential *credential = NULL;
  kmsramcred_error *error = NULL;
  kmsramcred_status status =
      kmsramcred_secret_acquire(secret, line_number(line, "timeout_ms", DEFAULT_MS), &credential, &error);
  if (refused(status, error)) return;
  answer_begin("ok");
  answer_number("serial", kmsramcred_credential_serial(credential));
  answer_text("key", kmsramcred_credential_access_key_id(credential, NULL));
  answer_text("token", *kmsramcred_credential_security_token(credential, NULL) != '\0' ? "yes" : "no");
  answer_text("accepted", kmsramcred_credential_is_accepted(credential) ? "true" : "false");
  kmsramcred_credential_free(credential);
}

static void do_refresh(const struct line *line) {
  kmsramcred_secret *secret = named_secret(line);
  if (secret == NULL) return;
  kmsramcred_error *error = NULL;
  kmsramcred_status status =
      kmsramcred_secret_refresh(secret, line_number(line, "timeout_ms", DEFAULT_MS), &error);
  if (refused(status, error)) return;
  answer_begin("ok");
}

static void do_report(const struct line *line) {
  static const char *const words[] = {"unrelated", "retry", "retry_later", "give_up"};
  kmsramcred_secret *secret = named_secret(line);
  if (secret == NULL) return;
  const char *service = text(line, "service"), *host = text(line, "host"), *code = line_text(line, "code");
  int32_t verdict = -1;
  uint64_t wait = 0;
  kmsramcred_error *error = NULL;
  kmsramcred_status status = kmsramcred_secret_report_failure(
      secret, line_number(line, "serial", 0), service, strlen(service), host, strlen(host), code,
      code == NULL ? 0 : strlen(code), (int32_t)line_number(line, "http_status", 0),
      (uint32_t)line_number(line, "round", 0), line_number(line, "left_ms", DEFAULT_MS), &verdict, &wait, &error);
  if (refused(status, error)) return;
  answer_begin("ok");
  answer_text("verdict", words[verdict]);
  if (verdict == KMSRAMCRED_VERDICT_RETRY_LATER) answer_number("wait_ms", wait);
  if (error != NULL) answer_error(kmsramcred_error_status(error), error);
}

static void do_accept(const struct line *line) {
  kmsramcred_secret *secret = named_secret(line);
  if (secret == NULL) return;
  kmsramcred_secret_report_success(secret, line_number(line, "serial", 0));
  answer_begin("ok");
}

static struct load **named_load(const struct line *line) {
  size_t i = 0;
  for (; i < MOST - 1 && loads[i].name[0] != '\0'; i++)
    if (strcmp(loads[i].name, text(line, "load")) == 0) break;
  snprintf(loads[i].name, sizeof loads[i].name, "%s", text(line, "load"));
  return &loads[i].load;
}

static void do_load(const struct line *line) {
  kmsramcred_secret *secret = named_secret(line);
  if (secret == NULL) return;
  struct load *load = load_start(secret, text(line, "host"), (unsigned)line_number(line, "threads", 0),
                                 line_number(line, "budget_ms", DEFAULT_MS));
  *named_load(line) = load;
  answer_begin(load == NULL ? "no-load" : "ok");
}

static void do_seen(const struct line *line) {
  struct load *load = *named_load(line);
  answer_begin("ok");
  load_tell(load);
  if (strcmp(text(line, "anew"), "true") == 0) load_begin_anew(load);
}

static void do_stop(const struct line *line) {
  struct load **load = named_load(line);
  load_stop(*load);
  do_seen(line);
  load_free(*load);
  *load = NULL;
}

static void do_fork(const struct line *line) {
  kmsramcred_secret *secret = named_secret(line);
  if (secret == NULL) return;
  for (uint64_t left = line_number(line, "children", 0); left > 0 && child_count < MOST; left--) {
    pid_t pid = fork();
    if (pid == 0) {
      bool fine = child_lives(secret, text(line, "host"), line_number(line, "timeout_ms", DEFAULT_MS),
                              line_number(line, "calls", 0), strcmp(text(line, "until_refused"), "true") == 0);
      exit(fine ? 0 : 1);
    }
    if (pid > 0) children[child_count++] = pid;
  }
  answer_begin("ok");
  answer_number("children", child_count);
}

static void do_join(const struct line *line) {
  (void)line;
  uint64_t failed = 0;
  for (size_t i = 0; i < child_count; i++) {
    int status = 0;
    failed += waitpid(children[i], &status, 0) != children[i] || status != 0;
  }
  answer_begin("ok");
  answer_number("children", child_count);
  answer_number("failed", failed);
  child_count = 0;
}

static void do_stats(const struct line *line) {
  (void)line;
  kmsramcred_stats stats = {.struct_size = sizeof stats};
  kmsramcred_status status = kmsramcred_client_stats(client, &stats);
  if (refused(status, NULL)) return;
  answer_begin("ok");
  answer_number("slow_acquires", stats.slow_acquires);
  answer_number("refreshes_ok", stats.refreshes_ok);
  answer_number("refreshes_failed", stats.refreshes_failed);
  answer_number("waiters_coalesced", stats.waiters_coalesced);
  answer_number("stale_served", stats.stale_served);
  answer_number("failures_reported", stats.failures_reported);
  answer_number("kms_requests", stats.kms_requests);
}

static void do_explain(const struct line *line) {
  static char json[1 << 18];
  size_t length = 0;
  kmsramcred_secret *secret = line_text(line, "secret") == NULL ? NULL : named_secret(line);
  if (line_text(line, "secret") != NULL && secret == NULL) return;
  kmsramcred_status status = secret == NULL ? kmsramcred_client_explain(client, json, sizeof json, &length)
                                            : kmsramcred_secret_explain(secret, json, sizeof json, &length);
  if (refused(status, NULL)) return;
  answer_begin("ok");
  answer_text("json", json);
}

static void do_warnings(const struct line *line) {
  (void)line;
  warnings_tell();
}

static void do_close(const struct line *line) {
  kmsramcred_status status = kmsramcred_client_close(client, line_number(line, "timeout_ms", DEFAULT_MS));
  if (refused(status, NULL)) return;
  answer_begin("ok");
}

static const struct {
  const char *word;
  void (*obey)(const struct line *line);
} verbs[] = {
    {"open", do_open},     {"acquire", do_acquire}, {"refresh", do_refresh}, {"report", do_report}, {"accept", do_accept},
    {"load", do_load},     {"seen", do_seen},       {"stop", do_stop},       {"fork", do_fork},     {"join", do_join},
    {"stats", do_stats},   {"explain", do_explain}, {"close", do_close},     {"warnings", do_warnings},
};

int main(void) {
  warnings_collect();
  char *buffer = NULL;
  size_t room = 0;
  while (getline(&buffer, &room, stdin) > 0) {
    struct line line = line_read(buffer);
    if (line.word == NULL || strcmp(line.word, "quit") == 0) break;
    size_t i = 0;
    while (i < sizeof verbs / sizeof *verbs && strcmp(verbs[i].word, line.word) != 0) i++;
    if (i < sizeof verbs / sizeof *verbs) verbs[i].obey(&line);
    else answer_begin("no-such-verb");
    answer_end();
  }
  free(buffer);
  forget();
  return 0;
}
