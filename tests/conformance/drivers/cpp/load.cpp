#include "load.hpp"

extern "C" {
#include "rpc_call.h"
}

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

static const auto pause = 5ms;
static const auto patience = 30s;

Load::Load(const kmsramcred::Secret& secret, std::string host, std::chrono::milliseconds budget)
    : secret_(secret), host_(std::move(host)) {
  budgets_.refused = budget;
}

void Load::complain(const std::string& what) {
  std::lock_guard<std::mutex> hold(lock_);
  if (complaint_.empty()) complaint_ = what;
}

bool Load::send_until_settled(kmsramcred::Reader& reader) {
  std::size_t colon = host_.rfind(':');
  if (colon == std::string::npos) return complain("HOST:PORT is needed"), false;
  std::string host = host_.substr(0, colon), port = host_.substr(colon + 1);
  bool silent = false;
  auto answer = kmsramcred::call(reader, {"Ecs", host_}, [&](const kmsramcred::Credential& credential) {
    kmsramcred::Sent<rpc_answer> sent{};
    silent = rpc_call(host.c_str(), port.c_str(), "DescribeRegions", credential.get(), 10000, &sent.answer) != 0;
    if (!silent && sent.answer.http_status != 200) {
      ++refused_;
      sent.refused = kmsramcred::Refused{std::string(sent.answer.code), sent.answer.http_status, true};
    }
    return sent;
  }, budgets_);
  if (!answer) return complain("acquire: " + std::string(answer.error().text())), false;
  if (silent) return complain("no answer"), false;
  if (!answer->accepted) {
    std::string cause(answer->cause ? answer->cause->text() : "");
    complain("refused: HTTP " + std::to_string(answer->value.http_status) + " " + answer->value.code + " " + cause);
  }
  return answer->accepted;
}

bool Load::call(kmsramcred::Reader& reader) {
  Clock::time_point began = Clock::now();
  bool fine = send_until_settled(reader);
  auto spent = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - began);
  auto took = static_cast<std::uint64_t>(spent.count());
  std::uint64_t slowest = slowest_ms_;
  while (took > slowest && !slowest_ms_.compare_exchange_weak(slowest, took)) continue;
  if (!fine) ++failed_;
  ++calls_;
  return fine;
}

void Load::start(std::uint64_t threads) {
  while (threads-- > 0) {
    threads_.emplace_back([this] {
      kmsramcred::Reader reader(secret_);
      while (!stop_) {
        call(reader);
        std::this_thread::sleep_for(pause);
      }
    });
  }
}

void Load::stop() {
  stop_ = true;
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void Load::tell(Reply& reply, bool anew) {
  std::lock_guard<std::mutex> hold(lock_);
  std::uint64_t slowest = anew ? slowest_ms_.exchange(0) : slowest_ms_.load();
  reply.add("calls", calls_).add("failed", failed_).add("refused", refused_).add("slowest_ms", slowest);
  reply.add("complaint", complaint_);
  if (anew) complaint_.clear();
}

bool Load::live(std::chrono::milliseconds timeout, std::uint64_t calls, bool until_refused) {
  kmsramcred::Reader reader(secret_);
  Clock::time_point end = Clock::now() + patience;
  bool fine = reader.credential(timeout).has_value();
  while (fine && until_refused && refused_ == 0) {
    fine = call(reader) && Clock::now() < end;
    std::this_thread::sleep_for(pause);
  }
  while (fine && calls-- > 0) fine = call(reader);
  return fine;
}
