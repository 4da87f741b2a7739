/* Calls services without an SDK: the library signs, and this program never touches the key.
 *
 *   sign_request SECRET HOST PORT OSS-HOST:PORT
 *
 * For each line of input: an object written to OSS and read back in both of its signatures, and an RPC-style API called in
 * both of its own, over plain HTTP as the emulator takes it. Answers with the AccessKey id that worked. Settings come from
 * the file that KMSRAMCRED_CONFIG names.
 */
#include <kmsramcred.hpp>

extern "C" {
#include "../c/rpc_call.h"
}

#include <cstdio>
#include <iostream>
#include <string>

using namespace std::chrono_literals;

namespace {

struct Place {
  std::string host, port;
};

/* Sends what was signed: the request's own headers, and those of the signature. */
int send(const Place& place, const kmsramcred::Request& request, const kmsramcred::Signed& signed_request,
         const std::string& before_target, const std::string& body, rpc_answer* answer) {
  std::string headers;
  auto add = [&](const kmsramcred::Field& field) {
    if (field.name != "host") headers.append(field.name).append(": ").append(field.value).append("\r\n");
  };
  for (const kmsramcred::Field& field : request.headers) add(field);
  for (const kmsramcred::Field& field : signed_request.headers()) add(field);
  std::string target = before_target + std::string(signed_request.target());
  return http_call(place.host.c_str(), place.port.c_str(), std::string(request.method).c_str(), target.c_str(),
                   headers.c_str(), body.c_str(), 10000, answer);
}

/* One call: signed, sent, and reported; again when the library says so. */
bool call(const char* what, const kmsramcred::Secret& secret, const kmsramcred::Request& request, const Place& place,
          const std::string& body, rpc_answer* answer) {
  bool is_oss = !request.bucket.empty();
  kmsramcred::Call refusals(secret, {is_oss ? "oss" : "Ecs", place.host}, 10s);
  for (;;) {
    auto signed_request = secret.sign(request, 10s);
    if (!signed_request) return std::fprintf(stderr, "%s: %s\n", what, signed_request.error().text().data()), false;
    /* The host of the emulator names no bucket. */
    std::string bucket = is_oss ? "/" + std::string(request.bucket) : "";
    if (send(place, request, *signed_request, bucket, body, answer) != 0)
      return std::fprintf(stderr, "%s: no answer\n", what), false;
    if (answer->http_status / 100 == 2) {
      secret.report_success(signed_request->serial());
      return true;
    }
    auto verdict =
        refusals.refused(signed_request->serial(), {std::string(answer->code), answer->http_status, true});
    if (!verdict || !verdict->is_retry())
      return std::fprintf(stderr, "%s: HTTP %d %s\n", what, answer->http_status, answer->body), false;
    std::this_thread::sleep_for(verdict->retry_after);
  }
}

bool call_rpc(const kmsramcred::Secret& secret, const Place& service) {
  kmsramcred::Request request;
  request.family = kmsramcred::Family::rpc_v1;
  request.method = "POST";
  request.parameters = {{"Action", "DescribeRegions"}, {"Version", "2014-05-26"}, {"Format", "JSON"}};
  rpc_answer answer{};
  return call("RPC version 1.0", secret, request, service, "", &answer);
}

bool call_acs3(const kmsramcred::Secret& secret, const Place& service) {
  const std::string host = service.host + ":" + service.port;
  kmsramcred::Request request;
  request.family = kmsramcred::Family::acs3;
  request.method = "POST";
  request.parameters = {{"RegionId", "cn-hangzhou"}};
  request.headers = {{"host", host}, {"x-acs-action", "DescribeRegions"}, {"x-acs-version", "2014-05-26"},
                     {"content-type", "application/x-www-form-urlencoded"}};
  request.body = "Filter=a%20b";
  rpc_answer answer{};
  return call("ACS3", secret, request, service, std::string(request.body), &answer);
}

bool call_oss(const char* what, kmsramcred::Family family, const kmsramcred::Secret& secret, const Place& oss) {
  const std::string text = std::string("written with ") + what;
  kmsramcred::Request request;
  request.family = family;
  request.method = "PUT";
  request.bucket = "examplebucket";
  request.key = "reports/a b+\xc3\xbc.txt";
  if (family == kmsramcred::Family::oss_v4) request.region = "cn-hangzhou";
  request.headers = {{"content-type", "text/plain"}, {"x-oss-meta-origin", "sign_request"}};
  rpc_answer answer{};
  if (!call(what, secret, request, oss, text, &answer)) return false;
  request.method = "GET";
  request.headers.clear();
  request.parameters = {{"response-content-type", "text/x-report"}};
  return call(what, secret, request, oss, "", &answer) && answer.body == text;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string oss_address = argc == 5 ? argv[4] : "";
  const std::size_t colon = oss_address.rfind(':');
  if (colon == std::string::npos) return std::fprintf(stderr, "usage: %s SECRET HOST PORT OSS-HOST:PORT\n", argv[0]), 2;
  auto client = kmsramcred::Client::make(kmsramcred::Config().load_file());
  if (!client) return std::fprintf(stderr, "%s\n", client.error().text().data()), 1;
  auto secret = client->secret(argv[1]);
  if (!secret) return std::fprintf(stderr, "%s\n", secret.error().text().data()), 1;
  const Place service{argv[2], argv[3]}, oss{oss_address.substr(0, colon), oss_address.substr(colon + 1)};
  for (std::string line; std::getline(std::cin, line);) {
    if (!call_oss("OSS version 4", kmsramcred::Family::oss_v4, *secret, oss) || !call_rpc(*secret, service) ||
        !call_acs3(*secret, service) || !call_oss("OSS version 1", kmsramcred::Family::oss_v1, *secret, oss))
      return 1;
    auto credential = secret->acquire(10s);
    if (!credential) return std::fprintf(stderr, "%s\n", credential.error().text().data()), 1;
    std::cout << credential->access_key_id() << std::endl;
  }
  return 0;
}
