/* A second translation unit, so that a definition that slipped into a header would collide. */
#include <kmsramcred.h>

const uint64_t *word_of_nothing(void);

const uint64_t *word_of_nothing(void) {
  return kmsramcred_secret_generation(NULL);
}
