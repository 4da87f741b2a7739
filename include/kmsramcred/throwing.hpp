/* For programs that want exceptions: include this beside <kmsramcred.hpp>. SPDX-License-Identifier: Apache-2.0 */
#ifndef KMSRAMCRED_THROWING_HPP
#define KMSRAMCRED_THROWING_HPP

#include <kmsramcred/result.hpp>

#if !defined(__cpp_exceptions)
#  error "kmsramcred/throwing.hpp needs exceptions; without them look at kmsramcred::Result"
#endif

namespace kmsramcred {

/// An Error that was thrown. `code()` is its code, `what()` begins with its whole text.
///
/// Threads: any, any time, as for Error.
class Failure : public std::system_error {
 public:
  /// Of this error.
  explicit Failure(Error error)
      : std::system_error(error.code(), std::string(error.text())), error_(std::move(error)) {}

  /// The error, with its advice and cause.
  const Error& error() const noexcept { return error_; }

 private:
  Error error_;
};

/// The value of a result, or its error thrown: `Secret secret = or_throw(client.secret("prod/robot"));`.
///
/// Threads: any.
/// Errors: throws Failure.
template <class T>
T or_throw(Result<T> result) {
  if (!result) throw Failure(result.error());
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

}  // namespace kmsramcred

#endif  // KMSRAMCRED_THROWING_HPP
