/* One line between the runner and this driver: `word key=value key=value`, values percent-encoded. */
#ifndef LINE_H
#define LINE_H
#include <kmsramcred.h>
#include <stddef.h>
#include <stdint.h>

#define MOST_FIELDS 16

struct line {
  char *word;
  struct field {
    char *key, *value;
  } fields[MOST_FIELDS];
  size_t count;
};

/* Takes `text` apart, in place. */
struct line line_read(char *text);

/* The value of a field, or NULL. */
const char *line_text(const struct line *line, const char *key);
uint64_t line_number(const struct line *line, const char *key, uint64_t otherwise);

/* An answer, piece by piece. */
void answer_begin(const char *word);
void answer_text(const char *key, const char *value);
void answer_number(const char *key, uint64_t value);
/* Every field that tells about an error. Frees it. */
void answer_error(kmsramcred_status status, kmsramcred_error *error);
void answer_end(void);

#endif
