/* Functions of the program that the library calls: log and watches. Part of <kmsramcred.hpp>.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef KMSRAMCRED_CALLBACK_HPP
#define KMSRAMCRED_CALLBACK_HPP

#include <kmsramcred/result.hpp>

namespace kmsramcred {

/// How much a log record matters.
enum class LogLevel : std::int32_t {
  error = KMSRAMCRED_LOG_ERROR,  ///< Something is broken and somebody should look.
  warn = KMSRAMCRED_LOG_WARN,    ///< Something is degraded or insecure.
  info = KMSRAMCRED_LOG_INFO,    ///< Something happened: a new value, a recovery.
  debug = KMSRAMCRED_LOG_DEBUG,  ///< Why something was decided.
};

/// A watch of a secret, made by Secret::watch. Destroying it ends it: then its function neither runs nor starts
/// again, and what the function holds is gone; destroyed inside the function, that happens after the function has
/// returned.
///
/// Ownership: move-only; may outlive secret and client.
/// Threads: any; destruction must be the only use.
class Watch {
 public:
  /// Takes over a watch of the C interface. NULL gives an empty one.
  ///
  /// Ownership: `handle` belongs to the Watch from now on.
  explicit Watch(kmsramcred_watch* handle) noexcept : handle_(handle) {}

  /// Whether it watches: false when this was moved from.
  explicit operator bool() const noexcept { return handle_ != nullptr; }

 private:
  std::unique_ptr<kmsramcred_watch, detail::Freeing<&kmsramcred_watch_free>> handle_;
};

namespace detail {

/* Runs a function of the program. Nothing may be thrown into the library, so what it throws ends here. */
template <class Function, class... Arguments>
void guarded(Function& function, Arguments... arguments) noexcept {
#if defined(__cpp_exceptions)
  try {
    function(arguments...);
  } catch (...) {
  }
#else
  function(arguments...);
#endif
}

/* What the C interface is given for a function object: a place, a way to call it, a way to end it. */
template <class Function>
struct Callback {
  static void on_event(void* place, std::uint64_t generation, kmsramcred_status status) noexcept {
    guarded(*static_cast<Function*>(place), generation, static_cast<Status>(status));
  }

  static void on_record(void* place, std::int32_t level, const char* message, std::size_t length) noexcept {
    guarded(*static_cast<Function*>(place), static_cast<LogLevel>(level), std::string_view(message, length));
  }

  static void drop(void* place) noexcept { delete static_cast<Function*>(place); }
};

}  // namespace detail

/// Sets the process-wide log function for records up to `most`, in place of the one before. `function` is called with
/// (LogLevel, std::string_view); the text lives during the call only and never holds a secret.
///
/// Ownership: `function` is moved or copied, and destroyed after its last call.
/// Threads: any. `function` runs on any thread, also on several at once; it must not block for long. What it throws
/// is lost.
/// Errors: Status::invalid_argument for a level that there is not.
template <class Function>
Result<void> set_log(LogLevel most, Function&& function) {
  using Held = std::decay_t<Function>;
  auto place = std::make_unique<Held>(std::forward<Function>(function));
  using Callback = detail::Callback<Held>;
  return detail::outcome(kmsramcred_log_set_callback(static_cast<std::int32_t>(most), &Callback::on_record,
                                                     place.release(), &Callback::drop));
}

/// Removes the log function. When this has returned it runs no more, unless this was called from inside it.
///
/// Threads: any.
inline void remove_log() noexcept {
  (void)kmsramcred_log_set_callback(KMSRAMCRED_LOG_ERROR, nullptr, nullptr, nullptr);
}

}  // namespace kmsramcred

#endif  // KMSRAMCRED_CALLBACK_HPP
