/* The loop around a call of the program: acquire, send, report, and again when the library says so.
 * Part of <kmsramcred.hpp>. SPDX-License-Identifier: Apache-2.0 */
#ifndef KMSRAMCRED_CALL_HPP
#define KMSRAMCRED_CALL_HPP

#include <kmsramcred/secret.hpp>

#include <algorithm>
#include <thread>

namespace kmsramcred {

/// Where a call goes.
///
/// Ownership: the views must live as long as the Call or the call() that they are given to.
/// Threads: one at a time, as any variable.
struct Endpoint {
  std::string_view service;  ///< Family or product, such as `Ecs` or `oss`.
  std::string_view host;     ///< The endpoint, such as `ecs.cn-hangzhou.aliyuncs.com`.
};

/// How long a call may take beyond its sends.
///
/// Threads: one at a time, as any variable.
struct Budgets {
  std::chrono::milliseconds acquire{10000};  ///< Of each acquire.
  std::chrono::milliseconds refused{10000};  ///< For everything after the first refusal.
};

/// What a service said when it refused a call.
///
/// Threads: one at a time, as any variable.
struct Refused {
  std::optional<std::string> code;  ///< The service's error code; nothing: the program judged that the key is dead.
  int http_status = 0;              ///< The HTTP status, or 0.
  bool can_resend = true;           ///< False: the body is gone. The key is renewed, but nothing is sent again.
};

/// The refusals of one call: counts its rounds, and its budget from the first refusal on. For programs that loop
/// themselves; call() does it for the others.
///
/// Ownership: borrows the Secret, which must live longer.
/// Threads: one at a time; one Call for each call of the program.
class Call {
 public:
  /// Sends of one call, the first one included, whatever the verdicts say.
  static constexpr std::uint32_t most_rounds = 16;

  /// A call that has not been refused yet.
  Call(const Secret& secret, Endpoint endpoint, std::chrono::milliseconds budget) noexcept
      : secret_(&secret), endpoint_(endpoint), budget_(budget) {}

  /// Reports a refusal of what was signed with the credential of this serial. `is_retry()` of the verdict: wait for
  /// `retry_after`, take the credential anew, send again. Else show the service's own error. A wait that is longer
  /// than what is left of the budget becomes Action::give_up, as the last round does and a body that is gone.
  ///
  /// Errors: those of Secret::report_failure.
  Result<Verdict> refused(std::uint64_t serial, const Refused& answer) {
    Clock::time_point now = Clock::now();
    if (rounds_++ == 0) first_ = now;
    Refusal refusal;
    refusal.serial = serial;
    refusal.service = endpoint_.service;
    refusal.host = endpoint_.host;
    if (answer.code) refusal.code = *answer.code;
    refusal.http_status = answer.http_status;
    refusal.round = rounds_;
    Result<Verdict> verdict = secret_->report_failure(refusal, left(now));
    if (!verdict) return verdict;
    bool over = rounds_ >= most_rounds || !answer.can_resend || verdict->retry_after > left(Clock::now());
    if (verdict->is_retry() && over) {
      verdict->action = Action::give_up;
      verdict->retry_after = std::chrono::milliseconds(0);
    }
    return verdict;
  }

  /// Refusals so far.
  std::uint32_t rounds() const noexcept { return rounds_; }

 private:
  using Clock = std::chrono::steady_clock;

  std::chrono::milliseconds left(Clock::time_point now) const noexcept {
    auto spent = std::chrono::duration_cast<std::chrono::milliseconds>(now - first_);
    return std::max(budget_ - spent, std::chrono::milliseconds(0));
  }

  const Secret* secret_;
  Endpoint endpoint_;
  std::chrono::milliseconds budget_;
  std::uint32_t rounds_ = 0;
  Clock::time_point first_{};
};

/// What a send of the program came to.
///
/// Threads: one at a time, as any variable.
template <class T>
struct Sent {
  T answer;                        ///< What the service answered, its error included.
  std::optional<Refused> refused;  ///< What it refused with; nothing: it accepted the key.
};

/// What a whole call came to.
///
/// Threads: one at a time, as any variable.
template <class T>
struct Answer {
  T value;                     ///< The answer of the last send: where it is a refusal, the service's own error.
  bool accepted = false;       ///< Whether the service accepted the key in the end.
  std::uint32_t refusals = 0;  ///< How many refusals there were.
  std::optional<Error> cause;  ///< Where it was not accepted: why no newer key could be had, if that is known.
};

/// One call of the program. `send` is called with a `const Credential&`, signs and sends with it, and gives a
/// Sent<T>; it is called again, with a newer key, as long as the library says so. What `send` throws goes through and
/// is not reported.
///
/// Ownership: `reader` and `send` stay the caller's.
/// Threads: one at a time for a `reader`. Blocks for `budgets` and for what the sends take; sleeps where the verdict
/// says so.
/// Errors: those of Secret::acquire and Secret::report_failure. A refusal of the service is no error here: look at
/// `accepted`.
template <class Send>
auto call(Reader& reader, Endpoint endpoint, Send&& send, Budgets budgets = {})
    -> Result<Answer<decltype(send(std::declval<const Credential&>()).answer)>> {
  using Value = decltype(send(std::declval<const Credential&>()).answer);
  Call refusals(reader.secret(), endpoint, budgets.refused);
  for (;;) {
    Result<const Credential&> credential = reader.credential(budgets.acquire);
    if (!credential) return std::move(credential).error();
    std::uint64_t serial = credential->serial();
    auto sent = send(*credential);
    if (!sent.refused) {
      if (!credential->is_accepted()) reader.secret().report_success(serial);
      return Answer<Value>{std::move(sent.answer), true, refusals.rounds(), std::nullopt};
    }
    Result<Verdict> verdict = refusals.refused(serial, *sent.refused);
    if (!verdict) return std::move(verdict).error();
    if (!verdict->is_retry())
      return Answer<Value>{std::move(sent.answer), false, refusals.rounds(), std::move(verdict->cause)};
    std::this_thread::sleep_for(verdict->retry_after);
  }
}

}  // namespace kmsramcred

#endif  // KMSRAMCRED_CALL_HPP
