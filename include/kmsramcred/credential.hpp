/* An AccessKey as it was at one moment. Part of <kmsramcred.hpp>. SPDX-License-Identifier: Apache-2.0 */
#ifndef KMSRAMCRED_CREDENTIAL_HPP
#define KMSRAMCRED_CREDENTIAL_HPP

#include <kmsramcred/signing.hpp>

#include <optional>

namespace kmsramcred {

/// An immutable snapshot: AccessKey id, secret and token that belong together. It stays readable until it is
/// destroyed, whatever becomes of secret and client. One that was moved from is empty: its texts are "" and its
/// numbers 0.
///
/// Ownership: move-only; clone() gives one more. Views live as long as the Credential that gave them or a clone of
/// it, and end with a NUL at `data()[size()]`. The memory of a value is wiped when nobody holds it any more.
/// Threads: reading from any thread, any time; move and destruction must be the only use.
class Credential {
 public:
  /// Takes over a credential of the C interface. NULL gives an empty one.
  ///
  /// Ownership: `handle` belongs to the Credential from now on.
  explicit Credential(kmsramcred_credential* handle) noexcept : handle_(handle) {}

  /// The AccessKey id.
  std::string_view access_key_id() const noexcept {
    return detail::text(&kmsramcred_credential_access_key_id, handle_.get());
  }

  /// The AccessKey secret. Do not log it, and copy it only where you must.
  std::string_view access_key_secret() const noexcept {
    return detail::text(&kmsramcred_credential_access_key_secret, handle_.get());
  }

  /// The security token of a temporary key; "" for a plain AccessKey. As secret as the AccessKey secret.
  std::string_view security_token() const noexcept {
    return detail::text(&kmsramcred_credential_security_token, handle_.get());
  }

  /// The version of the secret's value in KMS; may be "".
  std::string_view version_id() const noexcept {
    return detail::text(&kmsramcred_credential_version_id, handle_.get());
  }

  /// The number of this value: equal values have equal serials, also in a forked child.
  std::uint64_t serial() const noexcept { return kmsramcred_credential_serial(handle_.get()); }

  /// The generation of the secret that this snapshot was validated at.
  std::uint64_t generation() const noexcept { return kmsramcred_credential_generation(handle_.get()); }

  /// When it was fetched, by this machine's calendar clock.
  std::chrono::system_clock::time_point fetched_at() const noexcept {
    return moment(kmsramcred_credential_fetched_at_unix_ms(handle_.get()));
  }

  /// Its hard end of life by this machine's calendar clock; nothing where there is no end.
  std::optional<std::chrono::system_clock::time_point> not_after() const noexcept {
    std::int64_t end = kmsramcred_credential_not_after_unix_ms(handle_.get());
    if (end == 0) return std::nullopt;
    return moment(end);
  }

  /// Whether a service has accepted a call made with this serial: then report_success need not be called again.
  bool is_accepted() const noexcept { return kmsramcred_credential_is_accepted(handle_.get()); }

  /// Signs a request with this credential. Nothing is sent; sign anew for each attempt.
  ///
  /// Errors: Status::invalid_argument and invalid_utf8 name what is wrong with the request.
  Result<Signed> sign(const Request& request) const {
    return detail::signed_by(request, [this](auto* described, auto** signed_out, auto** error_out) {
      return kmsramcred_credential_sign(handle_.get(), described, signed_out, error_out);
    });
  }

  /// One more hold on the same snapshot.
  Credential clone() const noexcept { return Credential(kmsramcred_credential_clone(handle_.get())); }

  /// Whether there is a credential: false when this was moved from.
  explicit operator bool() const noexcept { return handle_ != nullptr; }

  /// The handle of the C interface; NULL when this was moved from.
  ///
  /// Ownership: stays with the Credential.
  const kmsramcred_credential* get() const noexcept { return handle_.get(); }

 private:
  static std::chrono::system_clock::time_point moment(std::int64_t unix_ms) noexcept {
    return std::chrono::system_clock::time_point(std::chrono::milliseconds(unix_ms));
  }

  std::unique_ptr<kmsramcred_credential, detail::Freeing<&kmsramcred_credential_free>> handle_;
};

}  // namespace kmsramcred

#endif  // KMSRAMCRED_CREDENTIAL_HPP
