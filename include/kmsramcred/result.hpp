/* What a call of the C++ interface gives: a value, or an Error. Part of <kmsramcred.hpp>.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef KMSRAMCRED_RESULT_HPP
#define KMSRAMCRED_RESULT_HPP

#include <kmsramcred.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <variant>

namespace kmsramcred {

/// The status numbers of the C interface, as an enumeration that converts to std::error_code. A later version of the
/// library may give numbers that are not listed here: treat them as a failure.
enum class Status : std::int32_t {
  ok = KMSRAMCRED_OK,                                      ///< The call did what it was asked.
  null_argument = KMSRAMCRED_ERR_NULL_ARGUMENT,            ///< A handle is empty: moved from.
  invalid_argument = KMSRAMCRED_ERR_INVALID_ARGUMENT,      ///< An argument cannot be used: the message names it.
  invalid_utf8 = KMSRAMCRED_ERR_INVALID_UTF8,              ///< A text is not UTF-8.
  closed = KMSRAMCRED_ERR_CLOSED,                          ///< The client was closed.
  internal = KMSRAMCRED_ERR_INTERNAL,                      ///< A defect of the library: report it.
  config_missing = KMSRAMCRED_ERR_CONFIG_MISSING,          ///< No configuration where one was looked for.
  config_invalid = KMSRAMCRED_ERR_CONFIG_INVALID,          ///< A setting cannot be used.
  source_unavailable = KMSRAMCRED_ERR_SOURCE_UNAVAILABLE,  ///< What gives the identity for KMS did not answer.
  source_denied = KMSRAMCRED_ERR_SOURCE_DENIED,            ///< It refused, or KMS refused the identity.
  network = KMSRAMCRED_ERR_NETWORK,                        ///< The gateway could not be reached.
  tls = KMSRAMCRED_ERR_TLS,                                ///< Its certificate was not accepted.
  timeout = KMSRAMCRED_ERR_TIMEOUT,                        ///< The budget ended before there was an answer.
  kms_denied = KMSRAMCRED_ERR_KMS_DENIED,                  ///< KMS denies the identity this secret.
  kms_not_found = KMSRAMCRED_ERR_KMS_NOT_FOUND,            ///< KMS does not know the secret.
  kms_throttled = KMSRAMCRED_ERR_KMS_THROTTLED,            ///< KMS asks for fewer requests.
  kms_server = KMSRAMCRED_ERR_KMS_SERVER,                  ///< KMS failed on its side.
  kms_rejected = KMSRAMCRED_ERR_KMS_REJECTED,              ///< KMS refused for another reason.
  secret_type = KMSRAMCRED_ERR_SECRET_TYPE,                ///< The secret does not hold an AccessKey.
  secret_malformed = KMSRAMCRED_ERR_SECRET_MALFORMED,      ///< It holds one in a form that cannot be read.
  not_ready = KMSRAMCRED_ERR_NOT_READY,                    ///< Nothing is cached, and the caller did not wait.
  expired = KMSRAMCRED_ERR_EXPIRED,                        ///< The cached value is past its end of life.
};

/// The category of the codes of Status. Its message is the name of the number in the C interface. Codes compare equal
/// to std::errc::timed_out, invalid_argument, permission_denied and resource_unavailable_try_again where those mean
/// the same.
///
/// Threads: any.
inline const std::error_category& error_category() noexcept;

/// The code of a status: what makes `error.code() == kmsramcred::Status::timeout` work.
///
/// Threads: any.
inline std::error_code make_error_code(Status status) noexcept {
  return {static_cast<int>(status), error_category()};
}

namespace detail {

class Category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "kmsramcred"; }

  std::string message(int number) const override { return kmsramcred_status_name(number); }

  std::error_condition default_error_condition(int number) const noexcept override {
    switch (static_cast<Status>(number)) {
      case Status::null_argument:
      case Status::invalid_argument:
      case Status::invalid_utf8: return std::errc::invalid_argument;
      case Status::source_denied:
      case Status::kms_denied: return std::errc::permission_denied;
      case Status::timeout: return std::errc::timed_out;
      case Status::not_ready: return std::errc::resource_unavailable_try_again;
      default: return {number, *this};
    }
  }
};

/* A budget of the C interface. What is less than nothing is nothing. */
inline std::uint64_t budget(std::chrono::milliseconds time) noexcept {
  return time.count() > 0 ? static_cast<std::uint64_t>(time.count()) : 0;
}

/* The data of a view that is there: to C, NULL means that there is none. */
inline const char* data(std::string_view text) noexcept { return text.data() == nullptr ? "" : text.data(); }

/* Lets unique_ptr end a handle. */
template <auto Free>
struct Freeing {
  template <class Handle>
  void operator()(Handle* handle) const noexcept {
    Free(handle);
  }
};

template <class Getter, class Handle>
std::string_view text(Getter getter, const Handle* handle) noexcept {
  std::size_t length = 0;
  const char* data = getter(handle, &length);
  return {data, length};
}

}  // namespace detail

inline const std::error_category& error_category() noexcept {
  static const detail::Category category;
  return category;
}

/// Why a call failed: a code for the program, and words for a person. It never holds a secret. Copies share one
/// immutable object and are cheap.
///
/// Ownership: views that it gives live as long as it or a copy of it; they end with a NUL at `data()[size()]`.
/// Threads: any, any time; assignment and destruction must not overlap another use of the same variable.
class Error {
 public:
  /// An error that is no more than its number.
  explicit Error(Status status) noexcept : status_(status) {}

  /// Takes over an error object of the C interface. NULL is allowed: then there is the number only.
  ///
  /// Ownership: `detail` belongs to the Error from now on.
  Error(Status status, kmsramcred_error* detail)
      : status_(status), detail_(detail, detail::Freeing<&kmsramcred_error_free>()) {}

  /// The number, for comparison.
  Status status() const noexcept { return status_; }

  /// The number in the category of this library; never that of success.
  std::error_code code() const noexcept { return make_error_code(status_); }

  /// What was found and where. "" where there is the number only, as of all texts but text().
  std::string_view message() const noexcept { return detail::text(&kmsramcred_error_message, detail_.get()); }

  /// What the person who reads the error should do.
  std::string_view advice() const noexcept { return detail::text(&kmsramcred_error_advice, detail_.get()); }

  /// Everything in one line, for a log; the name of the status where there is nothing else.
  std::string_view text() const noexcept {
    if (detail_ == nullptr) return kmsramcred_status_name(static_cast<kmsramcred_status>(status_));
    return detail::text(&kmsramcred_error_text, detail_.get());
  }

  /// The error code of the service, such as `Forbidden.NoPermission`; "" if there is none.
  std::string_view kms_code() const noexcept { return detail::text(&kmsramcred_error_kms_code, detail_.get()); }

  /// The request id of the service, for a support ticket; "" if there is none.
  std::string_view request_id() const noexcept { return detail::text(&kmsramcred_error_request_id, detail_.get()); }

  /// The HTTP status of the service's answer; 0 if there was no answer.
  int http_status() const noexcept { return kmsramcred_error_http_status(detail_.get()); }

  /// Whether the same call may succeed later without anybody changing anything.
  bool is_retryable() const noexcept { return kmsramcred_error_is_retryable(detail_.get()); }

  /// How long the service asked to wait; 0 if it did not.
  std::chrono::milliseconds retry_after() const noexcept {
    return std::chrono::milliseconds(kmsramcred_error_retry_after_ms(detail_.get()));
  }

  /// Whether another error led to this one.
  bool has_cause() const noexcept { return kmsramcred_error_cause(detail_.get()) != nullptr; }

  /// The error that led to this one; a copy of this one where there is none.
  Error cause() const noexcept {
    const kmsramcred_error* cause = kmsramcred_error_cause(detail_.get());
    if (cause == nullptr) return *this;
    return Error(static_cast<Status>(kmsramcred_error_status(cause)), Shared(detail_, cause));
  }

  /// The object of the C interface; NULL where there is the number only.
  ///
  /// Ownership: stays with the Error.
  const kmsramcred_error* get() const noexcept { return detail_.get(); }

 private:
  using Shared = std::shared_ptr<const kmsramcred_error>;
  Error(Status status, Shared detail) noexcept : status_(status), detail_(std::move(detail)) {}

  Status status_;
  Shared detail_;
};

/// A value, or the Error in its place. Look before you take: `if (result) use(*result); else show(result.error());`.
/// Taking what is not there ends the program with std::abort. With <kmsramcred/throwing.hpp>, `or_throw` takes the
/// value or throws. T may be a reference.
///
/// Threads: one at a time, as a variable of type T.
template <class T>
class [[nodiscard]] Result {
 public:
  /// A value.
  Result(T value) : held_(std::in_place_index<0>, store(std::forward<T>(value))) {}

  /// An error.
  Result(Error error) noexcept : held_(std::in_place_index<1>, std::move(error)) {}

  /// Whether there is a value.
  bool has_value() const noexcept { return held_.index() == 0; }

  /// Whether there is a value.
  explicit operator bool() const noexcept { return has_value(); }

  /// The value, in place. Ends the program where there is none.
  std::remove_reference_t<T>& operator*() & noexcept { return load(taken<0>(held_)); }

  /// The value, in place. Ends the program where there is none.
  const std::remove_reference_t<T>& operator*() const& noexcept { return load(taken<0>(held_)); }

  /// The value, moved out; a reference is copied. Ends the program where there is none.
  T operator*() && {
    if constexpr (std::is_reference_v<T>) return load(taken<0>(held_));
    else return std::move(taken<0>(held_));
  }

  /// A member of the value. Ends the program where there is none.
  std::remove_reference_t<T>* operator->() noexcept { return &**this; }

  /// A member of the value. Ends the program where there is none.
  const std::remove_reference_t<T>* operator->() const noexcept { return &**this; }

  /// The error. Ends the program where there is none.
  const Error& error() const& noexcept { return taken<1>(held_); }

  /// The error, moved out. Ends the program where there is none.
  Error error() && noexcept { return std::move(taken<1>(held_)); }

 private:
  using Stored = std::conditional_t<std::is_reference_v<T>, std::remove_reference_t<T>*, T>;

  template <class Value>
  static decltype(auto) store(Value&& value) noexcept {
    if constexpr (std::is_reference_v<T>) return &value;
    else return std::forward<Value>(value);
  }

  template <class Value>
  static auto& load(Value& stored) noexcept {
    if constexpr (std::is_reference_v<T>) return *stored;
    else return stored;
  }

  template <std::size_t Index, class Held>
  static auto& taken(Held& held) noexcept {
    auto* there = std::get_if<Index>(&held);
    if (there == nullptr) std::abort();
    return *there;
  }

  std::variant<Stored, Error> held_;
};

/// Success, or an Error.
///
/// Threads: one at a time, as any variable.
template <>
class [[nodiscard]] Result<void> {
 public:
  /// Success.
  Result() noexcept = default;

  /// An error.
  Result(Error error) noexcept : error_(std::move(error)) {}

  /// Whether it went well.
  bool has_value() const noexcept { return error_.status() == Status::ok; }

  /// Whether it went well.
  explicit operator bool() const noexcept { return has_value(); }

  /// The error. Ends the program where there is none.
  const Error& error() const noexcept {
    if (has_value()) std::abort();
    return error_;
  }

 private:
  Error error_{Status::ok};
};

namespace detail {

/* Success, or the error of a call that gives no value. */
inline Result<void> outcome(kmsramcred_status status, kmsramcred_error* error = nullptr) {
  if (status == KMSRAMCRED_OK) return {};
  return Error(static_cast<Status>(status), error);
}

/* A text that the C interface copies into a buffer, whatever length it has by then. */
template <class Copy>
Result<std::string> copied(Copy copy) {
  std::string text;
  for (int tries = 0; tries < 16; tries++) {
    std::size_t length = 0;
    kmsramcred_status status = copy(text.empty() ? nullptr : text.data(), text.size(), &length);
    if (status == KMSRAMCRED_OK && !text.empty()) {
      text.resize(length);
      return text;
    }
    if (status != KMSRAMCRED_OK && length == 0) return Error(static_cast<Status>(status));
    text.resize(length + length / 8 + 64); /* it may grow until the next look */
  }
  return Error(Status::internal);
}

}  // namespace detail

}  // namespace kmsramcred

namespace std {
template <>
struct is_error_code_enum<kmsramcred::Status> : true_type {};
}  // namespace std

#endif  // KMSRAMCRED_RESULT_HPP
