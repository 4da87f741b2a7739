/* The harness of the C++ tests: say what does not hold, go on, and fail at the end. */
#ifndef KMSRAMCRED_TESTS_CHECK_HPP
#define KMSRAMCRED_TESTS_CHECK_HPP

#include <atomic>
#include <chrono>
#include <cstdio>
#include <string>
#include <thread>

inline std::atomic<int> check_failures{0};

#define CHECK(...)                                                                        \
  do {                                                                                    \
    if (!(__VA_ARGS__)) {                                                                 \
      std::fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #__VA_ARGS__); \
      ++check_failures;                                                                   \
    }                                                                                     \
  } while (0)

/* The value of a result; ends the program with the error where there is none. */
template <class Given>
auto required(Given given) {
  if (!given) {
    std::fprintf(stderr, "%.*s\n", static_cast<int>(given.error().text().size()), given.error().text().data());
    std::exit(1);
  }
  return *std::move(given);
}

/* Waits for a condition, five seconds at most. */
template <class Condition>
bool soon(Condition condition) {
  for (int i = 0; i < 500 && !condition(); i++) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  return condition();
}

inline int check_result() {
  if (check_failures > 0) std::fprintf(stderr, "%d checks failed\n", check_failures.load());
  return check_failures > 0;
}

#endif
