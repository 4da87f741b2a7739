/* Requests that the library signs, and a service that verifies them while the key is rotated. */
#include <kmsramcred.hpp>

#include "check.hpp"

extern "C" {
#include "../../examples/c/rpc_call.h"
#include "../c/emulator.h"
}

using namespace kmsramcred;
using namespace std::chrono_literals;

static Request describe_regions() {
  Request request;
  request.method = "POST";
  request.parameters = {{"Action", "DescribeRegions"}, {"Version", "2014-05-26"}, {"Format", "JSON"}};
  return request;
}

static rpc_answer send(const emulator& cloud, const Signed& signed_request) {
  rpc_answer answer{};
  CHECK(http_call(cloud.service_host, cloud.service_port, "POST", signed_request.target().data(), "", "", 10000,
                  &answer) == 0);
  return answer;
}

static void a_refused_request_is_signed_anew(const emulator& cloud, const Secret& secret) {
  const Request request = describe_regions();
  Result<Signed> first = secret.sign(request, 10s);
  CHECK(first && send(cloud, *first).http_status == 200);
  secret.report_success(first->serial());
  CHECK(send(cloud, *first).http_status != 200); /* its nonce is known by now */

  emulator_order(&cloud, "/secrets/orders/rotate", "{}");
  Result<Signed> second = secret.sign(request, 0ms);
  CHECK(second && second->serial() == first->serial() && second->query() != first->query());
  rpc_answer refused = send(cloud, *second);
  CHECK(refused.http_status / 100 == 4);
  Call call(secret, {"Ecs", cloud.service_host}, 10s);
  for (;;) {
    Result<Verdict> verdict = call.refused(second->serial(), {std::string(refused.code), refused.http_status, true});
    CHECK(verdict && verdict->is_retry());
    if (verdict->action == Action::retry) break;
    std::this_thread::sleep_for(verdict->retry_after);
  }
  Result<Signed> third = secret.sign(request, 10s);
  CHECK(third && third->serial() != second->serial() && send(cloud, *third).http_status == 200);
}

static void secret_and_credential_sign_alike(const Secret& secret) {
  Request request;
  request.family = Family::acs3;
  request.method = "GET";
  request.headers = {{"Host", "h"}, {"x-acs-action", "A"}, {"x-acs-version", "V"}};
  request.time = std::chrono::system_clock::time_point(1700000000123ms);
  request.nonce = "n";
  Result<Credential> credential = secret.acquire(10s);
  CHECK(credential);
  Result<Signed> one = secret.sign(request, 10s), other = credential->sign(request);
  CHECK(one && other && one->serial() == credential->serial() && other->serial() == one->serial());
  std::vector<Field> headers = one->headers(), others = other->headers();
  CHECK(headers.size() == 4 && others.size() == 4);
  for (std::size_t i = 0; i < headers.size(); i++)
    CHECK(headers[i].name == others[i].name && headers[i].value == others[i].value);
  CHECK(headers[1].name == "x-acs-date" && headers[1].value == "2023-11-14T22:13:20Z");
  CHECK(headers[2].name == "x-acs-signature-nonce" && headers[2].value == "n");
  CHECK(headers[3].name == "authorization" && headers[3].value.substr(0, 16) == "ACS3-HMAC-SHA256");

  Signed taken = *std::move(one);
  Signed empty = std::move(taken);
  CHECK(taken.get() == nullptr && taken.serial() == 0 && taken.headers().empty() && taken.query().empty());
  CHECK(empty.target() == "/");
}

static void what_is_wrong_is_said_without_a_wait(const Secret& unknown) {
  Request request = describe_regions();
  request.method = "post";
  auto start = std::chrono::steady_clock::now();
  Result<Signed> wrong = unknown.sign(request, 60s);
  CHECK(!wrong && wrong.error().status() == Status::invalid_argument);
  CHECK(wrong.error().message() == "The method is \"post\"; upper-case letters are needed, such as GET.");
  CHECK(std::chrono::steady_clock::now() - start < 30s);
  request.method = "POST";
  Result<Signed> nothing = unknown.sign(request, 10s);
  CHECK(!nothing && nothing.error().status() == Status::kms_not_found);
  CHECK(Credential(nullptr).sign(request).error().status() == Status::null_argument);
}

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  emulator cloud = emulator_start(argv[1]);
  emulator_order(&cloud, "/secrets", "{\"name\":\"orders\"}");
  Client client(emulator_client(&cloud));
  Result<Secret> secret = client.secret("orders"), unknown = client.secret("unknown");
  CHECK(secret && unknown);
  a_refused_request_is_signed_anew(cloud, *secret);
  secret_and_credential_sign_alike(*secret);
  what_is_wrong_is_said_without_a_wait(*unknown);
  return check_result();
}
