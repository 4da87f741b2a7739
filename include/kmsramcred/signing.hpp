/* Requests of a program without an SDK, and what a signature adds to them. Part of <kmsramcred.hpp>.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef KMSRAMCRED_SIGNING_HPP
#define KMSRAMCRED_SIGNING_HPP

#include <kmsramcred/result.hpp>

#include <optional>
#include <vector>

namespace kmsramcred {

/// How a service wants its requests signed.
enum class Family : std::int32_t {
  rpc_v1 = KMSRAMCRED_FAMILY_RPC_V1,  ///< RPC-style APIs, version 1.0. Needs the parameters `Action` and `Version`.
  acs3 = KMSRAMCRED_FAMILY_ACS3,      ///< ACS3-HMAC-SHA256. Needs the headers `host`, `x-acs-action`, `x-acs-version`.
  oss_v1 = KMSRAMCRED_FAMILY_OSS_V1,  ///< OSS, version 1, in headers.
  oss_v4 = KMSRAMCRED_FAMILY_OSS_V4,  ///< OSS, version 4, in headers. Needs the region.
};

/// A parameter or a header.
///
/// Ownership: views; what they show must live as long as they are used.
/// Threads: one at a time, as any variable.
struct Field {
  std::string_view name;   ///< Its name.
  std::string_view value;  ///< Its value, not encoded.
};

/// A request to be signed. What its family does not sign stays empty; include/README.md and kmsramcred_request say more.
///
/// Ownership: the views are read during the call only.
/// Threads: one at a time, as any variable.
struct Request {
  Family family = Family::rpc_v1;  ///< How it is signed.
  std::string_view method;         ///< In upper case.
  std::string_view path;           ///< ACS3: encoded; "" for `/`.
  std::vector<Field> parameters;   ///< Of the query; for RPC version 1.0 with those of a form body.
  std::vector<Field> headers;      ///< ACS3 signs all of them, OSS those that its scheme names.
  std::string_view body;           ///< ACS3: any bytes.
  std::string_view bucket;         ///< OSS.
  std::string_view key;            ///< OSS: not encoded.
  std::string_view region;         ///< OSS version 4: such as `cn-hangzhou`.
  std::optional<std::chrono::system_clock::time_point> time;  ///< Nothing: now, which is what programs want.
  std::string_view nonce;  ///< RPC and ACS3; "": a random one, which is what programs want.
};

/// What a signature adds to a request, made by Secret::sign or Credential::sign. Each attempt to send needs its own. One
/// that was moved from is empty: its texts are "", and there are no headers.
///
/// Ownership: move-only. Views live as long as the Signed, and end with a NUL at `data()[size()]`. It is wiped when
/// destroyed.
/// Threads: reading from any thread, any time; move and destruction must be the only use.
class Signed {
 public:
  /// Takes over a signed request of the C interface. NULL gives an empty one.
  ///
  /// Ownership: `handle` belongs to the Signed from now on.
  explicit Signed(kmsramcred_signed* handle) noexcept : handle_(handle) {}

  /// The serial of the credential that signed: what report_success and report_failure want to know.
  std::uint64_t serial() const noexcept { return kmsramcred_signed_serial(handle_.get()); }

  /// Headers to add to those of the request, with names in lower case; none for RPC version 1.0. Do not log them.
  std::vector<Field> headers() const {
    std::vector<Field> headers(kmsramcred_signed_header_count(handle_.get()));
    for (std::size_t i = 0; i < headers.size(); i++) {
      std::size_t name = 0, value = 0;
      const char* spoken = kmsramcred_signed_header_name(handle_.get(), i, &name);
      headers[i].name = {spoken, name};
      const char* said = kmsramcred_signed_header_value(handle_.get(), i, &value);
      headers[i].value = {said, value};
    }
    return headers;
  }

  /// The whole query, encoded, without the question mark; for RPC version 1.0 it may be sent as a form body instead.
  std::string_view query() const noexcept { return detail::text(&kmsramcred_signed_query, handle_.get()); }

  /// Path and query: what follows the host in a URL. For OSS the host names the bucket; else put `/bucket` before it.
  std::string_view target() const noexcept { return detail::text(&kmsramcred_signed_target, handle_.get()); }

  /// The handle of the C interface; NULL when this was moved from.
  ///
  /// Ownership: stays with the Signed.
  const kmsramcred_signed* get() const noexcept { return handle_.get(); }

 private:
  std::unique_ptr<kmsramcred_signed, detail::Freeing<&kmsramcred_signed_free>> handle_;
};

namespace detail {

inline std::vector<kmsramcred_pair> pairs(const std::vector<Field>& fields) {
  std::vector<kmsramcred_pair> pairs;
  pairs.reserve(fields.size());
  for (const Field& field : fields)
    pairs.push_back({field.name.data(), field.name.size(), field.value.data(), field.value.size()});
  return pairs;
}

/* Calls `sign` with the request as C describes it. */
template <class Sign>
Result<Signed> signed_by(const Request& request, Sign sign) {
  std::vector<kmsramcred_pair> parameters = pairs(request.parameters), headers = pairs(request.headers);
  kmsramcred_request described{};
  described.struct_size = sizeof described;
  described.family = static_cast<std::int32_t>(request.family);
  described.method = request.method.data(), described.method_len = request.method.size();
  described.path = request.path.data(), described.path_len = request.path.size();
  described.parameters = parameters.data(), described.parameter_count = parameters.size();
  described.headers = headers.data(), described.header_count = headers.size();
  described.body = reinterpret_cast<const std::uint8_t*>(request.body.data());
  described.body_len = request.body.size();
  described.bucket = request.bucket.data(), described.bucket_len = request.bucket.size();
  described.key = request.key.data(), described.key_len = request.key.size();
  described.region = request.region.data(), described.region_len = request.region.size();
  described.nonce = request.nonce.data(), described.nonce_len = request.nonce.size();
  if (request.time) {
    auto since_1970 = std::chrono::floor<std::chrono::milliseconds>(request.time->time_since_epoch());
    described.unix_ms = since_1970.count();
  }
  kmsramcred_signed* signed_request = nullptr;
  kmsramcred_error* error = nullptr;
  kmsramcred_status status = sign(&described, &signed_request, &error);
  if (status != KMSRAMCRED_OK) return Error(static_cast<Status>(status), error);
  return Signed(signed_request);
}

}  // namespace detail

}  // namespace kmsramcred

#endif  // KMSRAMCRED_SIGNING_HPP
