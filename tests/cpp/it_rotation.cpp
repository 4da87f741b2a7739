/* Rotations as a C++ program sees them: real TLS to an emulated KMS, a service that verifies
 * signatures, many threads. */
#include <kmsramcred.hpp>

#include "check.hpp"

extern "C" {
#include "../../examples/c/rpc_call.h"
#include "../c/emulator.h"
}

#include <mutex>
#include <set>
#include <vector>

using namespace kmsramcred;
using namespace std::chrono_literals;

/* Counts what the reader calls: the linker is told to bring these calls here (--wrap). */
static std::atomic<int> acquires{0}, looks{0};

extern "C" {
kmsramcred_status __real_kmsramcred_secret_acquire(const kmsramcred_secret*, std::uint64_t, kmsramcred_credential**,
                                                   kmsramcred_error**);
kmsramcred_status __wrap_kmsramcred_secret_acquire(const kmsramcred_secret*, std::uint64_t, kmsramcred_credential**,
                                                   kmsramcred_error**);
std::uint64_t __real_kmsramcred_credential_generation(const kmsramcred_credential*);
std::uint64_t __wrap_kmsramcred_credential_generation(const kmsramcred_credential*);

kmsramcred_status __wrap_kmsramcred_secret_acquire(const kmsramcred_secret* secret, std::uint64_t timeout,
                                                   kmsramcred_credential** credential, kmsramcred_error** error) {
  ++acquires;
  return __real_kmsramcred_secret_acquire(secret, timeout, credential, error);
}

std::uint64_t __wrap_kmsramcred_credential_generation(const kmsramcred_credential* credential) {
  ++looks;
  return __real_kmsramcred_credential_generation(credential);
}
}

static Sent<int> describe(const emulator& cloud, const Credential& credential) {
  rpc_answer answer{};
  CHECK(rpc_call(cloud.service_host, cloud.service_port, "DescribeRegions", credential.get(), 10000, &answer) == 0);
  if (answer.http_status == 200) return {200, std::nullopt};
  return {answer.http_status, Refused{std::string(answer.code), answer.http_status, true}};
}

static void a_kept_credential_costs_no_call(const Secret& secret) {
  Reader reader(secret);
  CHECK(reader.kept() == nullptr);
  const Credential& first = *reader.credential(10s);
  CHECK(!first.access_key_id().empty() && !first.access_key_secret().empty() && first.security_token().empty());
  CHECK(first.fetched_at() > std::chrono::system_clock::now() - 1h && !first.not_after() && first.serial() != 0);
  int acquired = acquires, looked = looks;
  for (int i = 0; i < 1000; i++) CHECK(reader.kept() == &first && &*reader.credential(0ms) == &first);
  CHECK(acquired == acquires && looked == looks && acquired > 0 && looked > 0);
}

static void a_refused_call_goes_on_with_the_new_key(const emulator& cloud, const Secret& secret) {
  Reader reader(secret);
  std::vector<std::uint64_t> serials;
  auto send = [&](const Credential& credential) {
    serials.push_back(credential.serial());
    return describe(cloud, credential);
  };
  auto before = call(reader, {"Ecs", cloud.service_host}, send);
  CHECK(before && before->accepted && before->refusals == 0 && reader.kept()->is_accepted());
  Credential old = reader.kept()->clone();
  emulator_order(&cloud, "/secrets/orders/rotate", "{}");
  auto after = call(reader, {"Ecs", cloud.service_host}, send);
  CHECK(after && after->accepted && after->value == 200 && after->refusals > 0 && !after->cause);
  CHECK(serials.front() == old.serial() && serials.back() != old.serial());
  CHECK(old.access_key_id() != reader.kept()->access_key_id());

  /* A late report about the old key is answered without waiting. */
  Result<Verdict> late =
      secret.report_failure(Refusal{old.serial(), "Ecs", "h", "InvalidAccessKeyId.NotFound", 404, 1}, 0ms);
  CHECK(late && late->action == Action::retry && late->retry_after == 0ms && !late->cause);
}

static void a_body_that_is_gone_is_not_sent_again(const emulator& cloud, const Secret& secret) {
  Reader reader(secret);
  emulator_order(&cloud, "/secrets/orders/rotate", "{}");
  int sends = 0;
  auto answer = call(reader, {"Ecs", cloud.service_host}, [&](const Credential& credential) {
    Sent<int> sent = describe(cloud, credential);
    if (sent.refused) sent.refused->can_resend = false;
    ++sends;
    return sent;
  });
  CHECK(answer && !answer->accepted && answer->value / 100 == 4 && sends == 1);
  auto next = call(reader, {"Ecs", cloud.service_host}, [&](const Credential& c) { return describe(cloud, c); });
  CHECK(next && next->accepted && next->refusals == 0);
}

static void an_error_that_is_not_about_the_key_is_shown(const Secret& secret) {
  Reader reader(secret);
  int sends = 0;
  auto answer = call(reader, {"Ecs", "h"}, [&](const Credential&) {
    ++sends;
    return Sent<std::string>{"no such instance", Refused{"InvalidInstanceId.NotFound", 404, true}};
  });
  CHECK(answer && !answer->accepted && answer->value == "no such instance" && answer->refusals == 1 && sends == 1);
}

static void threads_ride_through_rotations(const emulator& cloud, const Secret& secret) {
  std::atomic<bool> stop{false};
  std::atomic<int> calls{0}, failed{0};
  std::mutex lock;
  std::set<std::uint64_t> serials;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; i++) {
    threads.emplace_back([&] {
      Reader reader(secret);
      while (!stop) {
        auto send = [&](const Credential& credential) { return describe(cloud, credential); };
        auto answer = call(reader, {"Ecs", cloud.service_host}, send);
        if (!answer || !answer->accepted) ++failed;
        ++calls;
        std::lock_guard<std::mutex> hold(lock);
        if (reader.kept()) serials.insert(reader.kept()->serial());
      }
    });
  }
  for (std::size_t rotation = 1; rotation <= 3; rotation++) {
    int before = calls;
    CHECK(soon([&] { return calls > before + 16; }));
    emulator_order(&cloud, "/secrets/orders/rotate", R"({"lag_ms":200})");
    CHECK(soon([&] {
      std::lock_guard<std::mutex> hold(lock);
      return serials.size() > rotation;
    }));
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  CHECK(failed == 0 && calls > 48);
}

static void giving_up_says_what_kms_said(const emulator& cloud, const Secret& secret) {
  Reader reader(secret);
  CHECK(call(reader, {"Ecs", cloud.service_host}, [&](const Credential& c) { return describe(cloud, c); })->accepted);
  emulator_order(&cloud, "/faults",
                 R"({"at":"kms","kind":"status","status":403,"code":"Forbidden.NoPermission","times":99})");
  Budgets budgets;
  budgets.refused = 1500ms;
  auto answer = call(
      reader, {"Ecs", "h"},
      [](const Credential&) { return Sent<int>{404, Refused{"InvalidAccessKeyId.NotFound", 404, true}}; }, budgets);
  CHECK(answer && !answer->accepted && answer->value == 404 && answer->refusals >= 1);
  CHECK(answer->cause && answer->cause->status() == Status::kms_denied && answer->cause->http_status() == 403);
  CHECK(answer->cause->kms_code() == "Forbidden.NoPermission" && !answer->cause->request_id().empty());
  CHECK(answer->cause->code() == std::errc::permission_denied);
}

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  emulator cloud = emulator_start(argv[1]);
  emulator_order(&cloud, "/secrets", R"({"name":"orders"})");
  std::atomic<int> records{0}, values{0}, failures{0};
  CHECK(set_log(LogLevel::debug, [&](LogLevel, std::string_view text) { records += !text.empty(); }));
  Client client(emulator_client(&cloud));
  Secret secret = required(client.secret("orders"));
  auto held = std::make_shared<int>(0);
  std::optional<Watch> watch = required(secret.watch([&, held](std::uint64_t generation, Status status) {
    CHECK(generation != 0);
    ++(status == Status::ok ? values : failures);
    throw held; /* ends here and harms nobody */
  }));

  a_kept_credential_costs_no_call(secret);
  a_refused_call_goes_on_with_the_new_key(cloud, secret);
  a_body_that_is_gone_is_not_sent_again(cloud, secret);
  an_error_that_is_not_about_the_key_is_shown(secret);
  threads_ride_through_rotations(cloud, secret);
  giving_up_says_what_kms_said(cloud, secret);

  CHECK(soon([&] { return values >= 6 && failures >= 1; }));
  watch.reset();
  CHECK(held.use_count() == 1);
  Credential last = required(secret.acquire(1s));
  std::string id(last.access_key_id());
  CHECK(client.close(5s));
  {
    Secret gone = std::move(secret);
    Client gone_too = std::move(client);
  }
  CHECK(last.access_key_id() == id);
  remove_log();
  CHECK(records > 0);
  return check_result();
}
