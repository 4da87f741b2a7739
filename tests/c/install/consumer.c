#include <kmsramcred.h>
#include <stdio.h>

int main(void) {
  printf("kmsramcred %s\n", kmsramcred_version());
  return kmsramcred_version_number() == KMSRAMCRED_VERSION_NUMBER ? 0 : 1;
}
