/* The library is the one that the header describes. */
#include "check.h"

int main(void) {
  char composed[32];
  snprintf(composed, sizeof composed, "%d.%d.%d", KMSRAMCRED_VERSION_MAJOR, KMSRAMCRED_VERSION_MINOR,
           KMSRAMCRED_VERSION_PATCH);
  CHECK(kmsramcred_version_number() == KMSRAMCRED_VERSION_NUMBER);
  CHECK(kmsramcred_version_number() >> 24 == KMSRAMCRED_VERSION_MAJOR);
  CHECK((kmsramcred_version_number() >> 16 & 255) == KMSRAMCRED_VERSION_MINOR);
  CHECK((kmsramcred_version_number() >> 8 & 255) == KMSRAMCRED_VERSION_PATCH);
  CHECK(kmsramcred_abi_version() == KMSRAMCRED_ABI_VERSION);
  CHECK(strcmp(kmsramcred_version(), composed) == 0);
  return check_result();
}
