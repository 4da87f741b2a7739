/* A rotation, ridden through by a program that knows only the installed package. The argument is a kms-emulator. */
#include "emulator.h"
#include "rpc_call.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define BUDGET_MS 10000

/* One call of the program. The number of refusals it took, or -1. */
static int call(const kmsramcred_secret *secret, const struct emulator *cloud) {
  for (uint32_t round = 1; round <= 16; round++) {
    kmsramcred_credential *credential = NULL;
    kmsramcred_error *error = NULL;
    require(kmsramcred_secret_acquire(secret, BUDGET_MS, &credential, &error), error);
    uint64_t serial = kmsramcred_credential_serial(credential), wait = 0;
    int32_t verdict = KMSRAMCRED_VERDICT_GIVE_UP;
    struct rpc_answer answer;
    int failed = rpc_call(cloud->service_host, cloud->service_port, "DescribeRegions", credential, BUDGET_MS, &answer);
    kmsramcred_credential_free(credential);
    if (failed) return -1;
    if (answer.http_status == 200) return kmsramcred_secret_report_success(secret, serial), (int)round - 1;
    require(kmsramcred_secret_report_failure(secret, serial, "Ecs", 3, cloud->service_host, strlen(cloud->service_host),
                                             answer.code, strlen(answer.code), answer.http_status, round, BUDGET_MS,
                                             &verdict, &wait, &error), error);
    kmsramcred_error_free(error);
    if (verdict == KMSRAMCRED_VERDICT_UNRELATED || verdict == KMSRAMCRED_VERDICT_GIVE_UP) return -1;
    struct timespec time = {(time_t)(wait / 1000), (long)(wait % 1000) * 1000000};
    nanosleep(&time, NULL);
  }
  return -1;
}

int main(int argc, char **argv) {
  if (argc != 2 || kmsramcred_version_number() != KMSRAMCRED_VERSION_NUMBER) return 2;
  struct emulator cloud = emulator_start(argv[1]);
  emulator_order(&cloud, "/secrets", "{\"name\":\"orders\"}");
  kmsramcred_client *client = emulator_client(&cloud);
  kmsramcred_secret *secret = NULL;
  kmsramcred_error *error = NULL;
  require(kmsramcred_secret_open(client, "orders", 6, &secret, &error), error);
  int before = call(secret, &cloud);
  emulator_order(&cloud, "/secrets/orders/rotate", "{}");
  int after = call(secret, &cloud);
  require(kmsramcred_client_close(client, 5000), NULL);
  kmsramcred_secret_free(secret);
  kmsramcred_client_free(client);
  printf("kmsramcred %s: %d refusals before the rotation, %d after\n", kmsramcred_version(), before, after);
  return before == 0 && after > 0 ? 0 : 1;
}
