/* What a C++ program has compiled in: the struct and the numbers of the C interface as C++ lays them out, and that the
 * enumerations of the C++ interface are those numbers. */
#include <kmsramcred.hpp>

#include <cstddef>

template <class Enumeration>
constexpr bool is(Enumeration value, std::int32_t number) {
  return sizeof(Enumeration) == 4 && static_cast<std::int32_t>(value) == number;
}

using Stats = kmsramcred_stats;
static_assert(std::is_standard_layout_v<Stats> && std::is_trivial_v<Stats>);
static_assert(sizeof(Stats) == 64 && alignof(Stats) == 8, "kmsramcred_stats");
static_assert(offsetof(Stats, struct_size) == 0 && sizeof(Stats::struct_size) == 8);
static_assert(offsetof(Stats, slow_acquires) == 8 && offsetof(Stats, refreshes_ok) == 16);
static_assert(offsetof(Stats, refreshes_failed) == 24 && offsetof(Stats, waiters_coalesced) == 32);
static_assert(offsetof(Stats, stale_served) == 40 && offsetof(Stats, failures_reported) == 48);
static_assert(offsetof(Stats, kms_requests) == 56);
static_assert(std::is_same_v<kmsramcred_status, std::int32_t>);
static_assert(std::is_same_v<kmsramcred_log_fn, void (*)(void*, std::int32_t, const char*, std::size_t)>);
static_assert(std::is_same_v<kmsramcred_drop_fn, void (*)(void*)>);
static_assert(std::is_same_v<kmsramcred_watch_fn, void (*)(void*, std::uint64_t, kmsramcred_status)>);

static_assert(std::is_standard_layout_v<kmsramcred_request> && std::is_trivial_v<kmsramcred_request>);
static_assert(sizeof(kmsramcred_pair) == 32 && sizeof(kmsramcred_request) == 168, "kmsramcred_request");
static_assert(offsetof(kmsramcred_request, family) == 8 && sizeof(kmsramcred_request::family) == 4);
static_assert(offsetof(kmsramcred_request, method) == 16 && offsetof(kmsramcred_request, nonce_len) == 160);

using kmsramcred::Action;
using kmsramcred::Family;
using kmsramcred::LogLevel;
using kmsramcred::Status;
static_assert(is(Status::ok, 0) && is(Status::null_argument, 1) && is(Status::invalid_argument, 2));
static_assert(is(Status::invalid_utf8, 3) && is(Status::closed, 4) && is(Status::internal, 5));
static_assert(is(Status::config_missing, 100) && is(Status::config_invalid, 101));
static_assert(is(Status::source_unavailable, 200) && is(Status::source_denied, 201));
static_assert(is(Status::network, 300) && is(Status::tls, 301) && is(Status::timeout, 302));
static_assert(is(Status::kms_denied, 400) && is(Status::kms_not_found, 401) && is(Status::kms_throttled, 402));
static_assert(is(Status::kms_server, 403) && is(Status::kms_rejected, 404));
static_assert(is(Status::secret_type, 500) && is(Status::secret_malformed, 501));
static_assert(is(Status::not_ready, 600) && is(Status::expired, 601));
static_assert(is(Action::unrelated, 0) && is(Action::retry, 1) && is(Action::retry_later, 2) && is(Action::give_up, 3));
static_assert(is(Family::rpc_v1, 1) && is(Family::acs3, 2) && is(Family::oss_v1, 3) && is(Family::oss_v4, 4));
static_assert(is(LogLevel::error, 1) && is(LogLevel::warn, 2) && is(LogLevel::info, 3) && is(LogLevel::debug, 4));

int main() { return 0; }
