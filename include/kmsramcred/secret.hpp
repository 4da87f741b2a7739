/* One named secret, and a credential of it that is kept between calls. Part of <kmsramcred.hpp>.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef KMSRAMCRED_SECRET_HPP
#define KMSRAMCRED_SECRET_HPP

#include <kmsramcred/callback.hpp>
#include <kmsramcred/credential.hpp>

namespace kmsramcred {

/// A refusal of a service, as report_failure wants to know it.
///
/// Ownership: the views are read during the call only.
/// Threads: one at a time, as any variable.
struct Refusal {
  std::uint64_t serial = 0;               ///< That of the credential the call was signed with.
  std::string_view service;               ///< Family or product, such as `Ecs` or `oss`; may be "".
  std::string_view host;                  ///< The endpoint the call went to; may be "".
  std::optional<std::string_view> code;   ///< The service's error code; nothing: the caller says the key is dead.
  int http_status = 0;                    ///< That of the refusal, or 0.
  std::uint32_t round = 1;                ///< 1 for the first refusal of a call, one more each time.
};

/// What to do about a refusal.
enum class Action : std::int32_t {
  unrelated = KMSRAMCRED_VERDICT_UNRELATED,      ///< Not about the key: show the service's own error.
  retry = KMSRAMCRED_VERDICT_RETRY,              ///< Take the credential anew and send again.
  retry_later = KMSRAMCRED_VERDICT_RETRY_LATER,  ///< Wait for `retry_after`, then the same.
  give_up = KMSRAMCRED_VERDICT_GIVE_UP,          ///< Show the service's own error; `cause` may say why.
};

/// The answer to a reported refusal.
///
/// Threads: one at a time, as any variable.
struct Verdict {
  Action action = Action::give_up;           ///< What to do.
  std::chrono::milliseconds retry_after{0};  ///< How long to wait first; 0 but for Action::retry_later.
  std::optional<Error> cause;                ///< The last error of KMS, with Action::give_up and where there is one.

  /// Whether to take the credential anew and send again, after a wait of `retry_after`.
  bool is_retry() const noexcept { return action == Action::retry || action == Action::retry_later; }
};

/// One named RAM secret of a client, made by Client::secret. It keeps what it needs of the client alive. One that was
/// moved from is empty: its calls fail with Status::null_argument.
///
/// Ownership: move-only.
/// Threads: any, any time, in a forked child too; move and destruction must be the only use.
class Secret {
 public:
  /// Takes over a secret of the C interface. NULL gives an empty one.
  ///
  /// Ownership: `handle` belongs to the Secret from now on.
  explicit Secret(kmsramcred_secret* handle) noexcept : handle_(handle), word_(kmsramcred_secret_generation(handle)) {}

  /// The current credential: at once when one is cached, else by a fetch that all callers share. It may be older than
  /// the last failed refresh: KMS being down takes no working key away. Blocks for `timeout` at most; with 0 it
  /// starts a fetch and does not wait.
  ///
  /// Errors: Status::not_ready (`timeout` is 0 and nothing is cached), Status::timeout (the fetch goes on for later
  /// callers), Status::closed, and why the fetch failed; kms_denied, kms_not_found and secret_... do not heal by
  /// themselves.
  Result<Credential> acquire(std::chrono::milliseconds timeout) const {
    kmsramcred_credential* credential = nullptr;
    kmsramcred_error* error = nullptr;
    kmsramcred_status status = kmsramcred_secret_acquire(handle_.get(), detail::budget(timeout), &credential, &error);
    if (status != KMSRAMCRED_OK) return Error(static_cast<Status>(status), error);
    return Credential(credential);
  }

  /// Signs a request with the current credential, which is acquired first; the program never touches the key. Nothing is
  /// sent; sign anew for each attempt. Blocks for `timeout` at most.
  ///
  /// Errors: Status::invalid_argument and invalid_utf8 name what is wrong with the request, without a wait; else those of
  /// acquire().
  Result<Signed> sign(const Request& request, std::chrono::milliseconds timeout) const {
    return detail::signed_by(request, [this, timeout](auto* described, auto** signed_out, auto** error_out) {
      return kmsramcred_secret_sign(handle_.get(), described, detail::budget(timeout), signed_out, error_out);
    });
  }

  /// Tells that a service refused a call, and asks what to do. Blocks for `left` at most: what is left of the call's
  /// budget. Call (in <kmsramcred/call.hpp>) counts rounds and budget for you.
  ///
  /// Errors: the report itself was wrong, such as Status::invalid_argument for round 0. A closed client is no error:
  /// the verdict is to give up.
  Result<Verdict> report_failure(const Refusal& refusal, std::chrono::milliseconds left) const {
    const char* code = refusal.code ? detail::data(*refusal.code) : nullptr;
    std::int32_t action = KMSRAMCRED_VERDICT_GIVE_UP;
    std::uint64_t wait = 0;
    kmsramcred_error* error = nullptr;
    kmsramcred_status status = kmsramcred_secret_report_failure(
        handle_.get(), refusal.serial, refusal.service.data(), refusal.service.size(), refusal.host.data(),
        refusal.host.size(), code, refusal.code ? refusal.code->size() : 0, refusal.http_status, refusal.round,
        detail::budget(left), &action, &wait, &error);
    if (status != KMSRAMCRED_OK) return Error(static_cast<Status>(status), error);
    Verdict verdict;
    verdict.action = static_cast<Action>(action);
    verdict.retry_after = std::chrono::milliseconds(wait);
    if (error != nullptr) verdict.cause = Error(static_cast<Status>(kmsramcred_error_status(error)), error);
    return verdict;
  }

  /// Tells that a service accepted a call made with `serial`. Needed once for each serial: skip it when
  /// Credential::is_accepted. Does not block.
  void report_success(std::uint64_t serial) const noexcept { kmsramcred_secret_report_success(handle_.get(), serial); }

  /// Fetches now, because the user says so: joins a running fetch, ignores cool-downs, at most once a second. Blocks
  /// for `timeout` at most.
  ///
  /// Errors: Status::not_ready when `timeout` is 0 (a fetch has been started), else why the fetch failed; a cached
  /// credential stays.
  Result<void> refresh(std::chrono::milliseconds timeout) const {
    kmsramcred_error* error = nullptr;
    kmsramcred_status status = kmsramcred_secret_refresh(handle_.get(), detail::budget(timeout), &error);
    return detail::outcome(status, error);
  }

  /// Calls `function` with (std::uint64_t generation, Status) on every new value (Status::ok) and every failed fetch,
  /// until the Watch is destroyed.
  ///
  /// Ownership: `function` is moved or copied, and destroyed after its last call, also when this fails.
  /// Threads: `function` runs on a thread of the library; it must not block for long, nor close or destroy the client
  /// or this secret. What it throws is lost.
  /// Errors: Status::closed.
  template <class Function>
  Result<Watch> watch(Function&& function) const {
    using Held = std::decay_t<Function>;
    auto place = std::make_unique<Held>(std::forward<Function>(function));
    kmsramcred_watch* watch = nullptr;
    kmsramcred_error* error = nullptr;
    kmsramcred_status status =
        kmsramcred_secret_watch(handle_.get(), &detail::Callback<Held>::on_event, place.release(),
                                &detail::Callback<Held>::drop, &watch, &error);
    if (status != KMSRAMCRED_OK) return Error(static_cast<Status>(status), error);
    return Watch(watch);
  }

  /// JSON about this secret, for a person or a support ticket; never a secret. Works on a closed client too.
  ///
  /// Errors: Status::null_argument only.
  Result<std::string> explain() const {
    return detail::copied([this](char* json, std::size_t room, std::size_t* length) {
      return kmsramcred_secret_explain(handle_.get(), json, room, length);
    });
  }

  /// A counter that moves whenever what acquire() gives could differ: one load, no call.
  std::uint64_t generation() const noexcept { return kmsramcred_generation_load(word_); }

  /// The handle of the C interface; NULL when this was moved from.
  ///
  /// Ownership: stays with the Secret.
  const kmsramcred_secret* get() const noexcept { return handle_.get(); }

 private:
  std::unique_ptr<kmsramcred_secret, detail::Freeing<&kmsramcred_secret_free>> handle_;
  const std::uint64_t* word_; /* readable as long as the process lives */
};

/// A credential that is kept between calls. When nothing has changed, a look costs one load and one compare and calls
/// nothing; else the credential is acquired anew.
///
/// Ownership: move-only; borrows the Secret, which must stay where it is and live longer.
/// Threads: one at a time. Give each thread its own; all share the one cached value.
class Reader {
 public:
  /// A reader that has nothing yet.
  explicit Reader(const Secret& secret) noexcept : secret_(&secret) {}

  /// The kept credential if it is the current one, else NULL: then credential() has to acquire. Calls nothing.
  ///
  /// Ownership: stays with the Reader; lives until the next credential() of it.
  const Credential* kept() const noexcept {
    bool current = credential_ && secret_->generation() == generation_ &&
                   (!not_after_ || std::chrono::system_clock::now() < *not_after_);
    return current ? &credential_ : nullptr;
  }

  /// The current credential: the kept one, or one that Secret::acquire gives within `timeout`.
  ///
  /// Ownership: stays with the Reader; lives until the next credential() of it.
  /// Errors: those of Secret::acquire.
  Result<const Credential&> credential(std::chrono::milliseconds timeout) {
    if (const Credential* current = kept()) return *current;
    Result<Credential> fresh = secret_->acquire(timeout);
    if (!fresh) return std::move(fresh).error();
    credential_ = *std::move(fresh);
    /* The generation inside the credential, not a second look at the word, which may have moved since. */
    generation_ = credential_.generation();
    not_after_ = credential_.not_after();
    return std::as_const(credential_);
  }

  /// The secret that this reads.
  const Secret& secret() const noexcept { return *secret_; }

 private:
  const Secret* secret_;
  Credential credential_{nullptr};
  std::uint64_t generation_ = 0;
  std::optional<std::chrono::system_clock::time_point> not_after_;
};

}  // namespace kmsramcred

#endif  // KMSRAMCRED_SECRET_HPP
