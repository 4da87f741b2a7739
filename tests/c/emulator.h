/* A kms-emulator for a C program: started, spoken to, ended with the program. */
#ifndef KMSRAMCRED_TESTS_EMULATOR_H
#define KMSRAMCRED_TESTS_EMULATOR_H
#include <kmsramcred.h>

struct emulator {
  char control_host[64], control_port[8];
  char service_host[64], service_port[8]; /* an RPC service that verifies signatures */
  char oss[128]; /* host and port of OSS */
  char kms[128], ca_path[512], access_key_id[128], access_key_secret[128];
};

/* Starts the emulator at `path`. Ends the program when that fails, as all functions here do. */
struct emulator emulator_start(const char *path);

/* Sends an order to the control API. */
void emulator_order(const struct emulator *emulator, const char *path, const char *json);

/* A client of the emulator's KMS. */
kmsramcred_client *emulator_client(const struct emulator *emulator);

/* Ends the program unless `status` is KMSRAMCRED_OK. */
void require(kmsramcred_status status, kmsramcred_error *error);

#endif
