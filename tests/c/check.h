/* The harness of the C tests: say what does not hold, go on, and fail at the end. */
#ifndef KMSRAMCRED_TESTS_CHECK_H
#define KMSRAMCRED_TESTS_CHECK_H

#include <kmsramcred.h>
#include <stdio.h>
#include <string.h>

static _Atomic int check_failures = 0; /* callbacks check too, on other threads */

#define CHECK(condition)                                                      \
  do {                                                                        \
    if (!(condition)) {                                                       \
      fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #condition); \
      check_failures++;                                                       \
    }                                                                         \
  } while (0)

#define CHECK_STATUS(call, expected)                                          \
  do {                                                                        \
    kmsramcred_status check_got = (call), check_wanted = (expected);          \
    if (check_got != check_wanted) {                                          \
      fprintf(stderr, "%s:%d: %s gave %s, not %s\n", __FILE__, __LINE__, #call, \
              kmsramcred_status_name(check_got), kmsramcred_status_name(check_wanted)); \
      check_failures++;                                                       \
    }                                                                         \
  } while (0)

static inline int check_result(void) {
  if (check_failures > 0) fprintf(stderr, "%d checks failed\n", check_failures);
  return check_failures > 0;
}

#endif
