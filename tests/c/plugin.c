#include "plugin.h"

#include "emulator.h"

#include <stdlib.h>

struct state {
  struct emulator cloud;
  kmsramcred_client *client;
  kmsramcred_secret *secret;
  uint64_t serial;
};

void *plugin_start(const char *emulator);
int plugin_works(void *state, int last);

static uint64_t newest(const kmsramcred_secret *secret) {
  kmsramcred_credential *credential = NULL;
  kmsramcred_error *error = NULL;
  require(kmsramcred_secret_refresh(secret, 10000, &error), error);
  require(kmsramcred_secret_acquire(secret, 10000, &credential, &error), error);
  uint64_t serial = kmsramcred_credential_serial(credential);
  kmsramcred_credential_free(credential);
  return serial;
}

void *plugin_start(const char *emulator) {
  struct state *state = calloc(1, sizeof *state);
  kmsramcred_error *error = NULL;
  if (state == NULL) return NULL;
  state->cloud = emulator_start(emulator);
  emulator_order(&state->cloud, "/secrets", "{\"name\":\"orders\"}");
  state->client = emulator_client(&state->cloud);
  require(kmsramcred_secret_open(state->client, "orders", 6, &state->secret, &error), error);
  state->serial = newest(state->secret);
  return state;
}

int plugin_works(void *pointer, int last) {
  struct state *state = pointer;
  uint64_t before = state->serial;
  emulator_order(&state->cloud, "/secrets/orders/rotate", "{}");
  state->serial = newest(state->secret);
  int works = state->serial != before;
  if (last) {
    works = works && kmsramcred_client_close(state->client, 10000) == KMSRAMCRED_OK;
    kmsramcred_secret_free(state->secret);
    kmsramcred_client_free(state->client);
    free(state);
  }
  return works;
}
