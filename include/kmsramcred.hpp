/* kmsramcred for C++17 and later: owners, views, durations and results over <kmsramcred.h>, header-only.
 *
 *   auto client = kmsramcred::Client::make(kmsramcred::Config().load_file().load_env());
 *   if (!client) return show(client.error().text());
 *   auto secret = client->secret("prod/robot");
 *   ...
 *   kmsramcred::Reader reader(*secret);
 *   auto answer = kmsramcred::call(reader, {"Ecs", host}, send);
 *
 * Nothing here throws but std::bad_alloc and what functions of the program throw; <kmsramcred/throwing.hpp> has
 * exceptions for those who want them. It compiles with -fno-exceptions and -fno-rtti. docs/cpp.md introduces it,
 * include/README.md has the rules that hold for C and C++ alike. SPDX-License-Identifier: Apache-2.0 */
#ifndef KMSRAMCRED_HPP
#define KMSRAMCRED_HPP

#include <kmsramcred/call.hpp>
#include <kmsramcred/callback.hpp>
#include <kmsramcred/client.hpp>
#include <kmsramcred/credential.hpp>
#include <kmsramcred/result.hpp>
#include <kmsramcred/secret.hpp>
#include <kmsramcred/signing.hpp>

namespace kmsramcred {

/// The version of the loaded library, such as `0.1.0`.
///
/// Threads: any.
inline std::string_view library_version() noexcept { return kmsramcred_version(); }

/// Whether the loaded library has the ABI that this header was made for. The loader sees to that where the program is
/// linked with the library; programs that load it at run time should ask.
///
/// Threads: any.
inline bool library_fits() noexcept { return kmsramcred_abi_version() == KMSRAMCRED_ABI_VERSION; }

}  // namespace kmsramcred

#endif  // KMSRAMCRED_HPP
