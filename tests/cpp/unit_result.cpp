/* Errors and results: their codes, what is in them, and what nothing is in them. */
#include <kmsramcred.hpp>
#include <kmsramcred/throwing.hpp>

#include "check.hpp"

using namespace kmsramcred;
using namespace std::chrono_literals;

static_assert(std::is_error_code_enum_v<Status>);
static_assert(std::is_copy_constructible_v<Error> && std::is_nothrow_move_constructible_v<Error>);
static_assert(!std::is_copy_constructible_v<Config> && std::is_nothrow_move_constructible_v<Client>);
static_assert(!std::is_copy_constructible_v<Client> && !std::is_copy_constructible_v<Secret>);
static_assert(!std::is_copy_constructible_v<Credential> && std::is_nothrow_move_assignable_v<Credential>);
static_assert(!std::is_copy_constructible_v<Watch> && !std::is_copy_constructible_v<Reader>);
static_assert(!std::is_convertible_v<std::chrono::microseconds, std::chrono::milliseconds>);

static void codes_are_those_of_the_c_interface() {
  std::error_code code = Status::timeout;
  CHECK(code.value() == KMSRAMCRED_ERR_TIMEOUT && code.message() == "KMSRAMCRED_ERR_TIMEOUT");
  CHECK(std::string(code.category().name()) == "kmsramcred" && code.category() == error_category());
  CHECK(code == std::errc::timed_out && code != std::errc::permission_denied);
  CHECK(make_error_code(Status::kms_denied) == std::errc::permission_denied);
  CHECK(make_error_code(Status::source_denied) == std::errc::permission_denied);
  CHECK(make_error_code(Status::invalid_utf8) == std::errc::invalid_argument);
  CHECK(make_error_code(Status::not_ready) == std::errc::resource_unavailable_try_again);
  CHECK(!make_error_code(Status::ok));
  CHECK(make_error_code(static_cast<Status>(12345)).message() == "KMSRAMCRED_ERR_UNKNOWN");
}

static void an_error_outlives_the_result_it_came_in() {
  Config config;
  config.set("no_such_key", "1").set("signature", "v1").load_file("/nowhere");
  Error error = config.outcome().error();
  {
    Result<Client> client = Client::make(config);
    CHECK(!client && client.error().text() == error.text());
    error = std::move(client).error();
  }
  CHECK(error.status() == Status::config_invalid && error.code() == Status::config_invalid);
  CHECK(error.message().find("no_such_key") != std::string_view::npos && !error.advice().empty());
  CHECK(error.text().data()[error.text().size()] == '\0');
  CHECK(error.get() != nullptr && !error.has_cause() && error.cause().text() == error.text());
  Error copy = error;
  CHECK(copy.message().data() == error.message().data());
}

static void an_error_without_detail_says_its_number() {
  Error error(Status::closed);
  CHECK(error.text() == "KMSRAMCRED_ERR_CLOSED" && error.message().empty() && error.get() == nullptr);
  CHECK(error.http_status() == 0 && !error.is_retryable() && error.retry_after() == 0ms && !error.has_cause());
}

static void what_was_moved_from_is_empty_and_crashes_nobody() {
  Config config;
  Config moved = std::move(config);
  CHECK(config.get() == nullptr && moved.get() != nullptr);
  CHECK(Client::make(config.set("signature", "v1")).error().status() == Status::null_argument);

  Client client(nullptr);
  CHECK(client.secret("s").error().status() == Status::null_argument);
  CHECK(client.stats().error().status() == Status::null_argument);
  CHECK(client.explain().error().status() == Status::null_argument);
  CHECK(client.close(0ms).error().status() == Status::null_argument);

  Secret secret(nullptr);
  CHECK(secret.acquire(0ms).error().status() == Status::null_argument);
  CHECK(secret.report_failure(Refusal(), 0ms).error().status() == Status::null_argument);
  CHECK(secret.refresh(0ms).error().status() == Status::null_argument);
  CHECK(secret.explain().error().status() == Status::null_argument && secret.generation() == 0);
  secret.report_success(1);
  Reader reader(secret);
  CHECK(reader.kept() == nullptr && !reader.credential(0ms));

  /* What a function holds is ended, although the watch was not made. */
  auto held = std::make_shared<int>(0);
  CHECK(secret.watch([held](std::uint64_t, Status) {}).error().status() == Status::null_argument);
  CHECK(held.use_count() == 1);

  Credential none(nullptr);
  CHECK(!none && none.access_key_id().empty() && none.serial() == 0 && !none.not_after() && !none.clone());
}

static void an_empty_view_is_an_empty_text_and_not_a_missing_one() {
  /* NULL would mean: look it up. */
  CHECK(Config().load_file(std::string_view()).outcome().error().status() == Status::invalid_argument);
  CHECK(Config().load_file("").outcome().error().status() == Status::invalid_argument);
}

static Client a_client() {
  Config config;
  config.set_static_source("an-id", "a-secret").set("cache_client_region_id", R"([{"regionId":"cn-hangzhou"}])");
  return required(Client::make(config));
}

static void a_client_needs_no_network_before_it_is_used() {
  Client client = a_client();
  Secret secret = required(client.secret("orders"));
  CHECK(!client.secret(std::string_view()));
  CHECK(required(client.explain()).front() == '{');
  CHECK(required(secret.explain()).find("orders") != std::string::npos);
  Stats stats = required(client.stats());
  CHECK(stats.struct_size == sizeof(kmsramcred_stats) && stats.kms_requests == 0);
  CHECK(client.close(-5ms) && client.close(std::chrono::milliseconds::max()));
  Result<Credential> late = secret.acquire(std::chrono::milliseconds::max());
  CHECK(!late && late.error().status() == Status::closed);
  Result<Verdict> verdict = secret.report_failure(Refusal{7, "Ecs", "h", "InvalidAccessKeyId", 404, 1}, 1s);
  CHECK(verdict && verdict->action == Action::give_up && !verdict->is_retry());
}

static void exceptions_are_for_those_who_ask_for_them() {
  Client client = a_client();
  Secret secret = or_throw(client.secret("orders"));
  or_throw(client.close(1s));
  bool caught = false;
  try {
    or_throw(secret.acquire(1s));
  } catch (const std::system_error& error) {
    caught = true;
    CHECK(error.code() == Status::closed);
    const auto* failure = dynamic_cast<const Failure*>(&error);
    CHECK(failure != nullptr && std::string_view(error.what()).find(failure->error().text()) == 0);
  }
  CHECK(caught);
}

static void a_result_may_hold_a_reference() {
  int number = 1;
  Result<int&> result = number;
  *result = 2;
  CHECK(number == 2 && &*result == &number && &*std::move(result) == &number);
}

static void what_a_log_function_holds_ends_with_it() {
  auto held = std::make_shared<int>(0);
  auto log = [held](LogLevel, std::string_view) {};
  CHECK(set_log(LogLevel::debug, log) && held.use_count() == 3);
  CHECK(set_log(static_cast<LogLevel>(99), log).error().status() == Status::invalid_argument && held.use_count() == 3);
  remove_log();
  CHECK(held.use_count() == 2);
}

int main() {
  CHECK(library_fits() && !library_version().empty());
  codes_are_those_of_the_c_interface();
  an_error_outlives_the_result_it_came_in();
  an_error_without_detail_says_its_number();
  what_was_moved_from_is_empty_and_crashes_nobody();
  an_empty_view_is_an_empty_text_and_not_a_missing_one();
  a_client_needs_no_network_before_it_is_used();
  exceptions_are_for_those_who_ask_for_them();
  a_result_may_hold_a_reference();
  what_a_log_function_holds_ends_with_it();
  return check_result();
}
