/* Calls an RPC service from many threads while its AccessKey is being rotated, and prints what the callers saw.
 *
 *   rotation_demo_cpp CONFIG SECRET HOST:PORT THREADS SECONDS
 */
#include <kmsramcred.hpp>

extern "C" {
#include "../c/rpc_call.h"
}

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace {

struct Service {
  std::string host, port;
};

struct Seen {
  std::atomic<long> calls{0}, failed{0}, healed{0};
  std::atomic<long long> slowest_ms{0};
};

/* One send: signs with this credential, and says whether the service refused it. An application has its SDK here. */
kmsramcred::Sent<rpc_answer> describe_regions(const Service& service, const kmsramcred::Credential& credential) {
  rpc_answer answer{};
  if (rpc_call(service.host.c_str(), service.port.c_str(), "DescribeRegions", credential.get(), 10000, &answer) != 0)
    return {answer, std::nullopt};
  if (answer.http_status == 200) return {answer, std::nullopt};
  return {answer, kmsramcred::Refused{std::string(answer.code), answer.http_status, true}};
}

void complain(std::string_view what, const rpc_answer& answer, std::string_view why) {
  std::fprintf(stderr, "%s: HTTP %d %s %s\n", std::string(what).c_str(), answer.http_status, answer.code,
               std::string(why).c_str());
}

void work(const kmsramcred::Secret& secret, const Service& service, Clock::time_point end, Seen& seen) {
  kmsramcred::Reader reader(secret); /* each thread has its own */
  while (Clock::now() < end) {
    Clock::time_point start = Clock::now();
    auto answer = kmsramcred::call(reader, {"Ecs", service.host}, [&](const kmsramcred::Credential& credential) {
      return describe_regions(service, credential);
    });
    long long took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start).count();
    long long slowest = seen.slowest_ms;
    while (took > slowest && !seen.slowest_ms.compare_exchange_weak(slowest, took)) continue;
    ++seen.calls;
    if (!answer) {
      ++seen.failed;
      complain("no credential", rpc_answer{}, answer.error().text());
    } else if (!answer->accepted || answer->value.http_status != 200) {
      ++seen.failed;
      complain("the call failed", answer->value, answer->cause ? answer->cause->text() : "");
    } else if (answer->refusals > 0) {
      ++seen.healed;
    }
    std::this_thread::sleep_for(20ms);
  }
}

int failed(const kmsramcred::Error& error) {
  std::fprintf(stderr, "%s\n", error.text().data());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  std::string at = argc == 6 ? argv[3] : "";
  std::size_t colon = at.rfind(':');
  if (argc != 6 || colon == std::string::npos || std::atoi(argv[4]) < 1 || std::atoi(argv[5]) < 1)
    return std::fprintf(stderr, "usage: %s CONFIG SECRET HOST:PORT THREADS SECONDS\n", argv[0]), 2;

  auto client = kmsramcred::Client::make(kmsramcred::Config().load_file(argv[1]));
  if (!client) return failed(client.error());
  auto secret = client->secret(argv[2]);
  if (!secret) return failed(secret.error());

  Service service{at.substr(0, colon), at.substr(colon + 1)};
  Clock::time_point end = Clock::now() + std::chrono::seconds(std::atoi(argv[5]));
  Seen seen;
  std::vector<std::thread> threads;
  for (int i = 0; i < std::atoi(argv[4]); i++)
    threads.emplace_back([&] { work(*secret, service, end, seen); });
  for (std::thread& thread : threads) thread.join();

  std::printf("{\"calls\":%ld,\"failed\":%ld,\"healed\":%ld,\"slowest_ms\":%lld}\n", seen.calls.load(),
              seen.failed.load(), seen.healed.load(), seen.slowest_ms.load());
  if (auto closed = client->close(2s); !closed) std::fprintf(stderr, "%s\n", closed.error().text().data());
  return seen.calls > 0 && seen.failed == 0 ? 0 : 1;
}
