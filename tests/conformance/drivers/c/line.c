#include "line.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int hex_digit(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  return (digit | 0x20) - 'a' + 10;
}

static void decode(char *text) {
  char *to = text;
  for (; *text != '\0'; text++) {
    if (*text == '%' && text[1] != '\0' && text[2] != '\0') {
      *to++ = (char)(hex_digit(text[1]) << 4 | hex_digit(text[2]));
      text += 2;
    } else {
      *to++ = *text;
    }
  }
  *to = '\0';
}

struct line line_read(char *text) {
  char *rest = NULL;
  struct line line = {.word = strtok_r(text, " \r\n", &rest)};
  for (char *word; line.count < MOST_FIELDS && (word = strtok_r(NULL, " \r\n", &rest)) != NULL;) {
    char *equals = strchr(word, '=');
    if (equals == NULL) continue;
    *equals = '\0';
    decode(equals + 1);
    line.fields[line.count++] = (struct field){word, equals + 1};
  }
  return line;
}

const char *line_text(const struct line *line, const char *key) {
  for (size_t i = 0; i < line->count; i++)
    if (strcmp(line->fields[i].key, key) == 0) return line->fields[i].value;
  return NULL;
}

uint64_t line_number(const struct line *line, const char *key, uint64_t otherwise) {
  const char *text = line_text(line, key);
  return text == NULL ? otherwise : strtoull(text, NULL, 10);
}

void answer_begin(const char *word) { fputs(word, stdout); }

void answer_text(const char *key, const char *value) {
  static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_./:~";
  printf(" %s=", key);
  for (; *value != '\0'; value++) {
    if (strchr(plain, *value) != NULL) putchar(*value);
    else printf("%%%02X", (unsigned)(unsigned char)*value);
  }
}

void answer_number(const char *key, uint64_t value) { printf(" %s=%" PRIu64, key, value); }

void answer_error(kmsramcred_status status, kmsramcred_error *error) {
  const char *name = kmsramcred_status_name(status);
  answer_number("status", (uint64_t)status);
  answer_text("name", name + (strncmp(name, "KMSRAMCRED_ERR_", 15) == 0 ? 15 : 0));
  if (error == NULL) answer_text("message", "");
  if (error == NULL) return;
  answer_text("advice", kmsramcred_error_advice(error, NULL));
  answer_text("retryable", kmsramcred_error_is_retryable(error) ? "true" : "false");
  if (*kmsramcred_error_kms_code(error, NULL) != '\0') answer_text("code", kmsramcred_error_kms_code(error, NULL));
  if (kmsramcred_error_http_status(error) != 0)
    answer_number("http_status", (uint64_t)kmsramcred_error_http_status(error));
  answer_text("message", kmsramcred_error_text(error, NULL));
  kmsramcred_error_free(error);
}

void answer_end(void) {
  putchar('\n');
  fflush(stdout);
}
