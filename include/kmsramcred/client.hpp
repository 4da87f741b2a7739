/* Settings, and a configuration in use. Part of <kmsramcred.hpp>. SPDX-License-Identifier: Apache-2.0 */
#ifndef KMSRAMCRED_CLIENT_HPP
#define KMSRAMCRED_CLIENT_HPP

#include <kmsramcred/secret.hpp>

namespace kmsramcred {

/// Settings of a client to be made: `Client::make(Config().load_file().load_env())`. What is set by function wins
/// over the file, the file over the environment, in whatever order they were added. The first step that fails is
/// remembered, the steps after it do nothing, and Client::make gives its error.
///
/// Ownership: move-only; clients do not need it once they are made. One that was moved from fails with null_argument.
/// Threads: one at a time.
class Config {
 public:
  /// An empty set of settings.
  Config() {
    kmsramcred_config* config = nullptr;
    kmsramcred_status status = kmsramcred_config_new(&config);
    handle_.reset(config);
    took(status, nullptr);
  }

  /// Adds the environment of the process, as it is now; no thread may change it meanwhile.
  Config& load_env() {
    return step([](kmsramcred_config* to, kmsramcred_error** error) { return kmsramcred_config_load_env(to, error); });
  }

  /// Adds the properties file that is found by look-up: `KMSRAMCRED_CONFIG`, then the working directory.
  Config& load_file() {
    return step([](kmsramcred_config* to, kmsramcred_error** error) {
      return kmsramcred_config_load_file(to, nullptr, 0, error);
    });
  }

  /// Adds the properties file at `path`, which is bytes and need not be UTF-8. An empty path is refused, not looked
  /// up.
  Config& load_file(std::string_view path) {
    return step([path](kmsramcred_config* to, kmsramcred_error** error) {
      return kmsramcred_config_load_file(to, detail::data(path), path.size(), error);
    });
  }

  /// Sets one key of the properties file's vocabulary. An unknown key is refused. The texts are copied.
  Config& set(std::string_view key, std::string_view value) {
    return step([key, value](kmsramcred_config* to, kmsramcred_error** error) {
      return kmsramcred_config_set(to, key.data(), key.size(), value.data(), value.size(), error);
    });
  }

  /// Sets a fixed AccessKey as the identity that calls KMS; with a `security_token` that is not empty, a temporary
  /// one. The texts are copied, and the copies wiped when they end.
  Config& set_static_source(std::string_view access_key_id, std::string_view access_key_secret,
                            std::string_view security_token = {}) {
    return step([=](kmsramcred_config* to, kmsramcred_error** error) {
      return kmsramcred_config_set_static_source(
          to, access_key_id.data(), access_key_id.size(), access_key_secret.data(), access_key_secret.size(),
          security_token.data(), security_token.size(), error);
    });
  }

  /// How the steps went: the first error, if there is one.
  ///
  /// Errors: of all steps.
  const Result<void>& outcome() const noexcept { return outcome_; }

  /// The handle of the C interface; NULL when this was moved from.
  ///
  /// Ownership: stays with the Config.
  const kmsramcred_config* get() const noexcept { return handle_.get(); }

 private:
  template <class Step>
  Config& step(Step add) {
    if (!outcome_) return *this;
    kmsramcred_error* error = nullptr;
    kmsramcred_status status = add(handle_.get(), &error);
    return took(status, error);
  }

  Config& took(kmsramcred_status status, kmsramcred_error* error) {
    outcome_ = detail::outcome(status, error);
    return *this;
  }

  std::unique_ptr<kmsramcred_config, detail::Freeing<&kmsramcred_config_free>> handle_;
  Result<void> outcome_;
};

/// Counters of a client since it was made: the fields of `kmsramcred_stats`.
using Stats = kmsramcred_stats;

/// A configuration in use: its identity, gateways and secrets. A program needs one for each configuration. One that
/// was moved from is empty: its calls fail with Status::null_argument.
///
/// Ownership: move-only. Destroying it ends the program's hold; its secrets keep what they need, the last one ends
/// the work.
/// Threads: any, any time, in a forked child too; move and destruction must be the only use, and not inside a
/// callback.
class Client {
 public:
  /// Makes a client from the settings. No network, and no thread unless `secret_names` asks for a prefetch.
  ///
  /// Errors: that of the first step of `config` that failed, Status::config_missing, Status::config_invalid.
  static Result<Client> make(const Config& config) {
    if (!config.outcome()) return config.outcome().error();
    kmsramcred_client* client = nullptr;
    kmsramcred_error* error = nullptr;
    kmsramcred_status status = kmsramcred_client_new(config.get(), &client, &error);
    if (status != KMSRAMCRED_OK) return Error(static_cast<Status>(status), error);
    return Client(client);
  }

  /// Takes over a client of the C interface. NULL gives an empty one.
  ///
  /// Ownership: `handle` belongs to the Client from now on.
  explicit Client(kmsramcred_client* handle) noexcept : handle_(handle) {}

  /// Opens the secret of this name. No network; the same name gives the same secret, whoever opens it.
  ///
  /// Errors: Status::invalid_argument for a name that cannot be one, Status::invalid_utf8, Status::closed.
  Result<Secret> secret(std::string_view name) const {
    kmsramcred_secret* secret = nullptr;
    kmsramcred_error* error = nullptr;
    kmsramcred_status status =
        kmsramcred_secret_open(handle_.get(), detail::data(name), name.size(), &secret, &error);
    if (status != KMSRAMCRED_OK) return Error(static_cast<Status>(status), error);
    return Secret(secret);
  }

  /// The counters; works after close() too.
  ///
  /// Errors: Status::null_argument only.
  Result<Stats> stats() const {
    Stats stats{};
    stats.struct_size = sizeof stats;
    kmsramcred_status status = kmsramcred_client_stats(handle_.get(), &stats);
    if (status != KMSRAMCRED_OK) return Error(static_cast<Status>(status));
    return stats;
  }

  /// JSON about everything in use, for a person or a support ticket; never a secret. Works after close() too.
  ///
  /// Errors: Status::null_argument only.
  Result<std::string> explain() const {
    return detail::copied([this](char* json, std::size_t room, std::size_t* length) {
      return kmsramcred_client_explain(handle_.get(), json, room, length);
    });
  }

  /// Stops all work and wakes everybody who waits in it; credentials at hand stay readable. Closing twice is allowed.
  /// Not inside a callback. Blocks for `timeout` at most.
  ///
  /// Errors: Status::timeout when it is closed, but a fetch had not ended yet (it ends by itself).
  Result<void> close(std::chrono::milliseconds timeout) const {
    return detail::outcome(kmsramcred_client_close(handle_.get(), detail::budget(timeout)));
  }

  /// The handle of the C interface; NULL when this was moved from.
  ///
  /// Ownership: stays with the Client.
  const kmsramcred_client* get() const noexcept { return handle_.get(); }

 private:
  std::unique_ptr<kmsramcred_client, detail::Freeing<&kmsramcred_client_free>> handle_;
};

}  // namespace kmsramcred

#endif  // KMSRAMCRED_CLIENT_HPP
