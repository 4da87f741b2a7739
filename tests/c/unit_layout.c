/* What a program has compiled in: sizes, offsets and numbers. None of these may ever change, only be added to. */
#include "check.h"

#define FIELD(index, name) AT(kmsramcred_stats, index, name)
#define AT(type, index, name) \
  _Static_assert(offsetof(type, name) == (index) * sizeof(uint64_t), #type "." #name " has moved")

_Static_assert(sizeof(void *) == 8, "64-bit only: the generation is read in one load");
_Static_assert(sizeof(kmsramcred_status) == 4, "kmsramcred_status");
_Static_assert((kmsramcred_status)-1 < 0, "kmsramcred_status is signed");
_Static_assert(sizeof(kmsramcred_stats) == 8 * sizeof(uint64_t), "kmsramcred_stats");
FIELD(0, struct_size);
FIELD(1, slow_acquires);
FIELD(2, refreshes_ok);
FIELD(3, refreshes_failed);
FIELD(4, waiters_coalesced);
FIELD(5, stale_served);
FIELD(6, failures_reported);
FIELD(7, kms_requests);

_Static_assert(sizeof(kmsramcred_pair) == 4 * sizeof(uint64_t), "kmsramcred_pair");
AT(kmsramcred_pair, 0, name);
AT(kmsramcred_pair, 1, name_len);
AT(kmsramcred_pair, 2, value);
AT(kmsramcred_pair, 3, value_len);

_Static_assert(sizeof(kmsramcred_request) == 21 * sizeof(uint64_t), "kmsramcred_request");
AT(kmsramcred_request, 0, struct_size);
AT(kmsramcred_request, 1, family);
AT(kmsramcred_request, 2, method);
AT(kmsramcred_request, 3, method_len);
AT(kmsramcred_request, 4, path);
AT(kmsramcred_request, 5, path_len);
AT(kmsramcred_request, 6, parameters);
AT(kmsramcred_request, 7, parameter_count);
AT(kmsramcred_request, 8, headers);
AT(kmsramcred_request, 9, header_count);
AT(kmsramcred_request, 10, body);
AT(kmsramcred_request, 11, body_len);
AT(kmsramcred_request, 12, bucket);
AT(kmsramcred_request, 13, bucket_len);
AT(kmsramcred_request, 14, key);
AT(kmsramcred_request, 15, key_len);
AT(kmsramcred_request, 16, region);
AT(kmsramcred_request, 17, region_len);
AT(kmsramcred_request, 18, unix_ms);
AT(kmsramcred_request, 19, nonce);
AT(kmsramcred_request, 20, nonce_len);

static const struct {
  kmsramcred_status number;
  kmsramcred_status expected;
  const char *name;
} statuses[] = {
#define STATUS(number, name) {name, number, #name}
    STATUS(0, KMSRAMCRED_OK),
    STATUS(1, KMSRAMCRED_ERR_NULL_ARGUMENT),
    STATUS(2, KMSRAMCRED_ERR_INVALID_ARGUMENT),
    STATUS(3, KMSRAMCRED_ERR_INVALID_UTF8),
    STATUS(4, KMSRAMCRED_ERR_CLOSED),
    STATUS(5, KMSRAMCRED_ERR_INTERNAL),
    STATUS(100, KMSRAMCRED_ERR_CONFIG_MISSING),
    STATUS(101, KMSRAMCRED_ERR_CONFIG_INVALID),
    STATUS(200, KMSRAMCRED_ERR_SOURCE_UNAVAILABLE),
    STATUS(201, KMSRAMCRED_ERR_SOURCE_DENIED),
    STATUS(300, KMSRAMCRED_ERR_NETWORK),
    STATUS(301, KMSRAMCRED_ERR_TLS),
    STATUS(302, KMSRAMCRED_ERR_TIMEOUT),
    STATUS(400, KMSRAMCRED_ERR_KMS_DENIED),
    STATUS(401, KMSRAMCRED_ERR_KMS_NOT_FOUND),
    STATUS(402, KMSRAMCRED_ERR_KMS_THROTTLED),
    STATUS(403, KMSRAMCRED_ERR_KMS_SERVER),
    STATUS(404, KMSRAMCRED_ERR_KMS_REJECTED),
    STATUS(500, KMSRAMCRED_ERR_SECRET_TYPE),
    STATUS(501, KMSRAMCRED_ERR_SECRET_MALFORMED),
    STATUS(600, KMSRAMCRED_ERR_NOT_READY),
    STATUS(601, KMSRAMCRED_ERR_EXPIRED),
};

_Static_assert(KMSRAMCRED_VERDICT_UNRELATED == 0 && KMSRAMCRED_VERDICT_RETRY == 1, "verdicts");
_Static_assert(KMSRAMCRED_VERDICT_RETRY_LATER == 2 && KMSRAMCRED_VERDICT_GIVE_UP == 3, "verdicts");
_Static_assert(KMSRAMCRED_FAMILY_RPC_V1 == 1 && KMSRAMCRED_FAMILY_ACS3 == 2, "families");
_Static_assert(KMSRAMCRED_FAMILY_OSS_V1 == 3 && KMSRAMCRED_FAMILY_OSS_V4 == 4, "families");
_Static_assert(KMSRAMCRED_LOG_ERROR == 1 && KMSRAMCRED_LOG_WARN == 2, "levels");
_Static_assert(KMSRAMCRED_LOG_INFO == 3 && KMSRAMCRED_LOG_DEBUG == 4, "levels");

int main(void) {
  for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
    CHECK(statuses[i].number == statuses[i].expected);
    CHECK(strcmp(kmsramcred_status_name(statuses[i].number), statuses[i].name) == 0);
  }
  CHECK(strcmp(kmsramcred_status_name(-1), "KMSRAMCRED_ERR_UNKNOWN") == 0);
  CHECK(strcmp(kmsramcred_status_name(INT32_MAX), "KMSRAMCRED_ERR_UNKNOWN") == 0);
  return check_result();
}
