/* The headers alone, in any order, twice. */
#include <kmsramcred/generation.h>
#include <kmsramcred.h>
#include <kmsramcred.h>
#include <kmsramcred/generation.h>

const uint64_t *word_of_nothing(void);

int main(void) {
  return kmsramcred_generation_load(word_of_nothing()) == 0 ? 0 : 1;
}
