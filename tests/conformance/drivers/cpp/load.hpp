/* Threads and forked children that call a service. */
#ifndef LOAD_HPP
#define LOAD_HPP

#include "line.hpp"

#include <kmsramcred.hpp>

#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

/* Callers of the service at HOST:PORT, and what they have seen. */
class Load {
 public:
  Load(const kmsramcred::Secret& secret, std::string host, std::chrono::milliseconds budget);
  Load(const Load&) = delete;
  ~Load() { stop(); }

  void start(std::uint64_t threads);
  void stop();
  /* What its callers saw; `anew` begins the slowest call and the complaint anew. */
  void tell(Reply& reply, bool anew);

  /* What a forked child does: acquires, calls until it has been refused if `until_refused`, then makes `calls` calls.
   * Whether nothing failed. */
  bool live(std::chrono::milliseconds timeout, std::uint64_t calls, bool until_refused);

 private:
  bool call(kmsramcred::Reader& reader);
  bool send_until_settled(kmsramcred::Reader& reader);
  void complain(const std::string& what);

  const kmsramcred::Secret& secret_;
  std::string host_;
  kmsramcred::Budgets budgets_;
  std::atomic<bool> stop_{false};
  std::atomic<std::uint64_t> calls_{0}, failed_{0}, refused_{0}, slowest_ms_{0};
  std::mutex lock_; /* of the complaint */
  std::string complaint_;
  std::vector<std::thread> threads_;
};

#endif
